/**
 * Zipmap: what small hashes were before Redis 2.6. Only read.
 *
 *     count │ length │ field │ length │ free │ value │ `free` unused bytes │ length │ field … │ 0xff
 *
 * The count is one byte, 254 when there are that many or more; a length is one byte, or 254 and u32 LE.
 */
import type { PackedBytes } from "./packed-bytes.ts";

const endMark = 0xff;
const long = 254;

/** Fields and values in turn. @throws DamagedFile unless every byte is as it must be. */
export function readZipmap(packed: PackedBytes): string[] {
  const { bytes } = packed;
  const last = bytes.length - 1;
  if (bytes.length < 2) packed.fail(0, "a zipmap expected, too short for one");
  if (bytes[last] !== endMark) packed.fail(last, "the end of a zipmap expected");

  const items: string[] = [];
  let at = 1;
  const length = (): number => {
    const first = bytes[at] as number;
    if (first > long || (first === long && at + 5 > last)) packed.fail(at, "a zipmap length expected");
    at += first === long ? 5 : 1;
    return first === long ? bytes.readUInt32LE(at - 4) : first;
  };
  const item = (itemBytes: number, freeBytes: number): void => {
    if (at + itemBytes + freeBytes > last) packed.fail(at, "zipmap entry reaches beyond the end");
    items.push(bytes.toString("latin1", at, at + itemBytes));
    at += itemBytes + freeBytes;
  };
  while (at < last) {
    item(length(), 0);
    const valueBytes = length();
    if (at >= last) packed.fail(at, "zipmap entry reaches beyond the end");
    const freeBytes = bytes[at++] as number;
    item(valueBytes, freeBytes);
  }

  const count = bytes[0] as number;
  if (items.length === 0) packed.fail(1, "a zipmap is never empty");
  if (count !== long && count !== items.length / 2) {
    packed.fail(0, `a zipmap of ${count} fields announced, ${items.length / 2} there`);
  }
  return items;
}
