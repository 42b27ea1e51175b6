/**
 * A node of a list: a run of elements that Redis keeps in one listpack, or one large element alone ("plain").
 *
 *     elements   ·  ·  c  d  e        the first ones may be free places, so that both ends are cheap
 *                      ↑ first
 *
 * `sizeBytes` is what the listpack takes, or the plain element: it decides when a node is full, so nodes have the
 * borders that Redis would give them.
 */
import { emptyListpackBytes, listpackEntryBytes } from "../codec/listpack.ts";
import type { EncodingLimits } from "./encoding-limits.ts";

/** The size limits −1 … −5 stand for. */
const nodeBytesLimits = [4096, 8192, 16384, 32768, 65536];
/** Even where elements are counted, a node of more than one element does not grow beyond this. */
const countedNodeBytesMax = 8192;
/** What an entry is assumed to cost beside its bytes when room is judged: more than it can be. */
const entryOverheadBytes = 8;

export class ListNode {
  previous: ListNode | undefined;
  next: ListNode | undefined;
  readonly plain: boolean;
  sizeBytes: number;
  /** Part of an image that has not written it yet: whoever wants to change it changes a copy. */
  frozen = false;
  private elements: string[];
  private first = 0;

  constructor(elements: string[], plain: boolean, sizeBytes: number) {
    this.elements = elements;
    this.plain = plain;
    this.sizeBytes = sizeBytes;
  }

  static ofElements(elements: string[]): ListNode {
    return new ListNode(
      elements,
      false,
      elements.reduce((sum, text) => sum + listpackEntryBytes(text), 7),
    );
  }

  static ofOne(element: string, plain: boolean): ListNode {
    return new ListNode([element], plain, plain ? element.length : emptyListpackBytes + listpackEntryBytes(element));
  }

  get count(): number {
    return this.elements.length - this.first;
  }

  at(index: number): string {
    return this.elements[this.first + index] as string;
  }

  /** The elements from `from` up to `to`. */
  slice(from = 0, to = this.count): string[] {
    return this.elements.slice(this.first + from, this.first + to);
  }

  /** Index of the first element equal to `text` at or behind `from`; −1 when there is none. */
  indexOf(text: string, from = 0): number {
    const found = this.elements.indexOf(text, this.first + from);
    return found < 0 ? -1 : found - this.first;
  }

  /** Index of the last element equal to `text` at or before `from`; −1 when there is none. */
  lastIndexOf(text: string, from: number): number {
    const found = this.elements.lastIndexOf(text, this.first + from);
    return found < this.first ? -1 : found - this.first;
  }

  // ── Changing: only when not frozen ──────────────────────────────────────────────────────────────────────────────

  push(text: string): void {
    this.elements.push(text);
    this.sizeBytes += listpackEntryBytes(text);
  }

  unshift(text: string): void {
    if (this.first === 0) this.makeRoomInFront();
    this.elements[--this.first] = text;
    this.sizeBytes += listpackEntryBytes(text);
  }

  pop(): string {
    const text = this.elements.pop() as string;
    this.sizeBytes -= this.plain ? text.length : listpackEntryBytes(text);
    return text;
  }

  shift(): string {
    const text = this.elements[this.first] as string;
    this.elements[this.first++] = "";
    // A queue pushes and shifts for ever: the free places in front must not outgrow the elements.
    if (this.first >= 32 && this.first * 2 >= this.elements.length) {
      this.elements = this.slice();
      this.first = 0;
    }
    this.sizeBytes -= this.plain ? text.length : listpackEntryBytes(text);
    return text;
  }

  insert(index: number, text: string): void {
    this.elements.splice(this.first + index, 0, text);
    this.sizeBytes += listpackEntryBytes(text);
  }

  replace(index: number, text: string): void {
    const before = this.at(index);
    this.elements[this.first + index] = text;
    this.sizeBytes += this.plain ? text.length - before.length : listpackEntryBytes(text) - listpackEntryBytes(before);
  }

  /** Takes `count` elements out from `index` on. */
  remove(index: number, count: number): void {
    for (const text of this.elements.splice(this.first + index, count)) {
      this.sizeBytes -= this.plain ? text.length : listpackEntryBytes(text);
    }
  }

  /** Takes out every element for which `drop` says so, in order. */
  removeWhere(drop: (text: string) => boolean): void {
    const kept = this.slice().filter((text) => {
      if (!drop(text)) return true;
      this.sizeBytes -= this.plain ? text.length : listpackEntryBytes(text);
      return false;
    });
    this.elements = kept;
    this.first = 0;
  }

  copy(): ListNode {
    return new ListNode(this.slice(), this.plain, this.sizeBytes);
  }

  /** Free places in front, as many as there are elements. */
  private makeRoomInFront(): void {
    const room = Math.max(8, this.elements.length);
    this.elements = new Array<string>(room).fill("").concat(this.elements);
    this.first = room;
  }
}

/** Whether an element of `textBytes` may go into a node. */
export function mayTake(node: ListNode | undefined, textBytes: number, limits: EncodingLimits): node is ListNode {
  if (node === undefined || node.plain || textBytes >= limits.listPlainNodeBytes) return false;
  const sizeBytes = node.sizeBytes + textBytes + entryOverheadBytes;
  return fits(sizeBytes, node.count + 1, limits.listMaxListpackSize);
}

/** Whether two neighbours may become one. */
export function mayMerge(left: ListNode, right: ListNode, limits: EncodingLimits): boolean {
  if (left.plain || right.plain) return false;
  const sizeBytes = left.sizeBytes + right.sizeBytes - 11;
  return fits(sizeBytes, left.count + right.count, limits.listMaxListpackSize);
}

function fits(sizeBytes: number, count: number, listMaxListpackSize: number): boolean {
  if (listMaxListpackSize < 0) {
    return sizeBytes <= (nodeBytesLimits[Math.min(-listMaxListpackSize, nodeBytesLimits.length) - 1] as number);
  }
  return sizeBytes <= countedNodeBytesMax && count <= listMaxListpackSize;
}
