/**
 * Intset: a set of integers, sorted, all of one width.
 *
 *     width of a member, u32 LE: 2, 4 or 8 │ count, u32 LE │ members, signed, LE, rising
 */
import type { PackedBytes } from "./packed-bytes.ts";

/** A bigint only beyond 2^53. */
export type IntsetMember = number | bigint;
export type IntsetWidth = 2 | 4 | 8;

const headBytes = 8;

/** The least width that holds a member. */
export function intsetWidth(member: IntsetMember): IntsetWidth {
  if (typeof member === "bigint" || member !== (member | 0)) return 8;
  return member >= -0x8000 && member <= 0x7fff ? 2 : 4;
}

/** `members` rise. */
export function writeIntset(members: readonly IntsetMember[], width: IntsetWidth): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + members.length * width);
  bytes.writeUInt32LE(width, 0);
  let at = bytes.writeUInt32LE(members.length, 4);
  for (const member of members) {
    at = width === 8 ? bytes.writeBigInt64LE(BigInt(member), at) : bytes.writeIntLE(Number(member), at, width);
  }
  return bytes;
}

/** @throws DamagedFile unless every byte is as it must be. */
export function readIntset(packed: PackedBytes): { members: IntsetMember[]; width: IntsetWidth } {
  const { bytes } = packed;
  if (bytes.length < headBytes) packed.fail(0, "an intset expected, too short for one");
  const width = bytes.readUInt32LE(0);
  if (width !== 2 && width !== 4 && width !== 8) packed.fail(0, `an intset width of 2, 4 or 8 expected, not ${width}`);
  const count = bytes.readUInt32LE(4);
  if (headBytes + count * width !== bytes.length) {
    packed.fail(4, `an intset of ${count} members announced, ${(bytes.length - headBytes) / width} there`);
  }
  if (count === 0) packed.fail(4, "an intset is never empty");
  const members: IntsetMember[] = [];
  for (let at = headBytes; at < bytes.length; at += width) {
    const member = width === 8 ? narrowed(bytes.readBigInt64LE(at)) : bytes.readIntLE(at, width);
    const before = members.at(-1);
    if (before !== undefined && member <= before) packed.fail(at, `intset member ${member} stands behind ${before}`);
    members.push(member);
  }
  return { members, width };
}

function narrowed(member: bigint): IntsetMember {
  const asNumber = Number(member);
  return Number.isSafeInteger(asNumber) ? asNumber : member;
}
