/**
 * Batches: what one turn writes to the log, under a checksum. The line that begins one is an annotation, which every
 * reader of such logs passes over, so the file stays what it is for Redis.
 *
 *     #LB1 8f3a…c2 00000001 0000000000a1 000000005c 000000000067 3bd1…07 9d0c…41\r\n       the line
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n …                                          its records
 *
 *     file      drawn when the file was made
 *     run       which server over this file: 1 made it, every later start is one more
 *     at        where the line stands
 *     size      bytes of records behind it; 0: a line that only attests
 *     durable   everything before this offset was durable when the line was written
 *     sum       CRC-64 of: the sum before, the line up to here, the records
 *     check     CRC-64 of the line up to here
 *
 * What each is for: `sum` makes a chain, so a batch counts only behind the very batch that it was written behind, and
 * `run` sees to it that not even the same records, written once more after a crash, let an older batch that once stood
 * behind them come back to life. `check` lets a line be believed where the chain is broken; `durable` then tells a torn
 * tail, which is no loss, from rot, which is.
 */
import { Crc64 } from "../codec/crc64.ts";

export const batchMagic = "#LB1 ";

export interface BatchLine {
  readonly file: string;
  readonly run: number;
  readonly at: number;
  readonly sizeBytes: number;
  readonly durableBytes: number;
  /** 16 hexadecimal digits. */
  readonly sum: string;
}

/** The widths are fixed, in hexadecimal digits, so that a line is found and read without looking for its end. */
const widths = { file: 16, run: 8, at: 12, size: 10, durable: 12, sum: 16, check: 16 };
export const batchLineBytes =
  batchMagic.length + Object.values(widths).reduce((sum, width) => sum + width + 1, -1) + "\r\n".length;

const behindMagic = new RegExp(
  `^${Object.values(widths)
    .map((width) => `([0-9a-f]{${width}})`)
    .join(" ")}\r\n$`,
);

/** The sum before the first line. */
const noSum = "0".repeat(widths.sum);

/** The chain as a writer goes on with it. */
export class BatchChain {
  readonly file: string;
  readonly run: number;
  private sum: string;

  constructor(file: string, run = 1, sum = noSum) {
    this.file = file;
    this.run = run;
    this.sum = sum;
  }

  /** The next line, for these records; the chain has moved on when it returns. */
  line(at: number, records: readonly Uint8Array[], durableBytes: number): Buffer {
    const sizeBytes = records.reduce((sum, piece) => sum + piece.length, 0);
    const head = headOf({ file: this.file, run: this.run, at, sizeBytes, durableBytes });
    const sum = startSum(this.sum, head);
    for (const piece of records) sum.add(piece);
    this.sum = hex(sum.value, widths.sum);
    const checked = `${head}${this.sum} `;
    return Buffer.from(`${checked}${checkOf(checked)}\r\n`, "latin1");
  }
}

/** What a line says, if it says it wholly and rightly. */
export function parseBatchLine(line: string): BatchLine | undefined {
  const [whole, file = "", run = "", at = "", size = "", durable = "", sum = "", check] =
    (line.startsWith(batchMagic) && behindMagic.exec(line.slice(batchMagic.length))) || [];
  if (whole === undefined || checkOf(line.slice(0, -(widths.check + 2))) !== check) return undefined;
  const number = (digits: string) => Number.parseInt(digits, 16);
  return { file, run: number(run), at: number(at), sizeBytes: number(size), durableBytes: number(durable), sum };
}

/** Whether a file that begins like this began with a line of ours before it was damaged. */
export function wasBatchLine(line: string): boolean {
  return line.startsWith(batchMagic) || behindMagic.test(line.slice(batchMagic.length));
}

/** The sum that a line must have behind `sumBefore`, its records not yet added. */
export function startSumOf(line: BatchLine, sumBefore = noSum): Crc64 {
  return startSum(sumBefore, headOf(line));
}

export function sumText(sum: Crc64): string {
  return hex(sum.value, widths.sum);
}

function headOf({ file, run, at, sizeBytes, durableBytes }: Omit<BatchLine, "sum">): string {
  const digits = (value: number, width: number) => value.toString(16).padStart(width, "0");
  return (
    `${batchMagic}${file} ${digits(run, widths.run)} ${digits(at, widths.at)} ${digits(sizeBytes, widths.size)} ` +
    `${digits(durableBytes, widths.durable)} `
  );
}

function startSum(sumBefore: string, head: string): Crc64 {
  const sum = new Crc64();
  sum.add(Buffer.from(sumBefore + head, "latin1"));
  return sum;
}

function checkOf(text: string): string {
  const sum = new Crc64();
  sum.add(Buffer.from(text, "latin1"));
  return hex(sum.value, widths.check);
}

function hex(value: bigint, width: number): string {
  return value.toString(16).padStart(width, "0");
}
