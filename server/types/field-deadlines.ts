/**
 * When the fields of one hash expire: a table from field to deadline, and a heap that knows which one is next.
 *
 *     deadlines   a → 500   b → 200   d → 300
 *     heap        200 b                          a deadline that was changed or taken away stays in the heap,
 *                 ├─ 300 d                       until it comes to the top (c) or there are too many of them
 *                 └─ 500 a  ── 400 c
 */
interface HeapEntry {
  readonly field: string;
  readonly deadlineMs: number;
}

/** So many more entries than there are deadlines make the heap worth building anew. */
const staleEntriesMin = 64;

export class FieldDeadlines {
  private readonly byField = new Map<string, number>();
  private heap: HeapEntry[] = [];

  get size(): number {
    return this.byField.size;
  }

  /** Wall milliseconds; undefined when the field does not expire. */
  get(field: string): number | undefined {
    return this.byField.get(field);
  }

  set(field: string, deadlineMs: number): void {
    this.byField.set(field, deadlineMs);
    this.push({ field, deadlineMs });
    if (this.heap.length > 2 * this.byField.size + staleEntriesMin) this.rebuild();
  }

  /** True when the field had a deadline. */
  delete(field: string): boolean {
    return this.byField.delete(field);
  }

  /** The field that expires first. Undefined when none does. */
  get next(): HeapEntry | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || this.byField.get(first.field) === first.deadlineMs) return first;
      this.pop();
    }
  }

  /** How many fields have a deadline before `nowMs`. */
  countBefore(nowMs: number): number {
    let count = 0;
    for (const deadlineMs of this.byField.values()) if (deadlineMs < nowMs) count++;
    return count;
  }

  private rebuild(): void {
    this.heap = [];
    for (const [field, deadlineMs] of this.byField) this.push({ field, deadlineMs });
  }

  private push(entry: HeapEntry): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((heap[above] as HeapEntry).deadlineMs <= entry.deadlineMs) break;
      heap[at] = heap[above] as HeapEntry;
      at = above;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const other = below + 1;
      if (other < heap.length && deadlineAt(heap, other) < deadlineAt(heap, below)) below = other;
      if (deadlineAt(heap, below) >= last.deadlineMs) break;
      heap[at] = heap[below] as HeapEntry;
      at = below;
    }
    heap[at] = last;
  }
}

function deadlineAt(heap: readonly HeapEntry[], at: number): number {
  return (heap[at] as HeapEntry).deadlineMs;
}
