/**
 * A column of numbers, one for each slot of a table, outside of what is searched for garbage. It takes no memory before
 * a first number is put into it, and every slot that has got none holds the column's `initial`.
 */

const firstLength = 1024;

export class Column {
  private readonly initial: number;
  private numbers: Float64Array | undefined;

  constructor(initial: number) {
    this.initial = initial;
  }

  at(slot: number): number {
    const { numbers } = this;
    return numbers === undefined || slot >= numbers.length ? this.initial : (numbers[slot] as number);
  }

  put(slot: number, number: number): void {
    let { numbers } = this;
    if (numbers === undefined || slot >= numbers.length) numbers = this.grow(slot);
    numbers[slot] = number;
  }

  /** Takes out what the slot holds. */
  forget(slot: number): void {
    if (this.numbers !== undefined && slot < this.numbers.length) this.numbers[slot] = this.initial;
  }

  clear(): void {
    this.numbers = undefined;
  }

  private grow(slot: number): Float64Array {
    const before = this.numbers;
    let length = Math.max(firstLength, before?.length ?? 0);
    while (length <= slot) length *= 2;
    const numbers = new Float64Array(length);
    // Memory that is zero already is not touched before it is used.
    if (this.initial !== 0) numbers.fill(this.initial, before?.length ?? 0);
    if (before !== undefined) numbers.set(before);
    this.numbers = numbers;
    return numbers;
  }
}
