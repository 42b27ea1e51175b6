/** What a server feeds to a saver: a snapshot as segments, cut into pieces. */
import { SegmentBytes } from "../../server/codec/segments.ts";

export function snapshotPieces(text: string, count = 1): Buffer[] {
  const out = new SegmentBytes(false);
  out.bytes(Buffer.from(text, "latin1"));
  out.end();
  const whole = Buffer.from(out.take());
  const length = Math.ceil(whole.length / count);
  return Array.from({ length: count }, (_, index) => whole.subarray(index * length, (index + 1) * length));
}
