/**
 * LZF, the compression of strings in RDB files. A compressed string is a row of
 *
 *     000LLLLL  L+1 bytes                          these bytes as they are
 *     LLLooooo  oooooooo                           L+2 bytes again (L from 1 to 6), from o+1 bytes back
 *     111ooooo  LLLLLLLL  oooooooo                 L+9 bytes again, from o+1 bytes back
 */

const longestLiteral = 32;
const farthestBack = 1 << 13;
const longestRepeat = 264;
/** Three bytes give at most `longestRepeat`. */
export const lzfMaxExpansion = longestRepeat / 3;

const hashBits = 14;
/**
 * Where three bytes with a given hash were last seen, as `base` + position. Every call takes its own range of numbers,
 * so what an earlier call left behind is recognised and the table needs no clearing.
 */
const lastSeen = new Int32Array(1 << hashBits);
let base = 1;

/**
 * Compresses `input` from `start` to `end` into `output` at `outputStart`, before `outputEnd`.
 * @returns the compressed length; 0 when it does not fit, so give less room than the input takes.
 */
export function lzfCompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputStart: number,
  outputEnd: number,
): number {
  if (base + (end - start) > 0x7fffffff) {
    lastSeen.fill(0);
    base = 1;
  }
  const shift = base - start;
  base += end - start;

  let at = start;
  let out = outputStart + 1;
  let literals = 0;
  while (at < end - 2) {
    const slot = hashAt(input, at);
    const seen = (lastSeen[slot] as number) - shift;
    lastSeen[slot] = at + shift;
    const back = at - seen - 1;
    if (
      seen < start ||
      back >= farthestBack ||
      input[seen] !== input[at] ||
      input[seen + 1] !== input[at + 1] ||
      input[seen + 2] !== input[at + 2]
    ) {
      if (out >= outputEnd) return 0;
      output[out++] = input[at++] as number;
      if (++literals === longestLiteral) {
        output[out - literals - 1] = literals - 1;
        literals = 0;
        out++;
      }
      continue;
    }

    const longest = Math.min(end - at, longestRepeat);
    let length = 3;
    while (length < longest && input[seen + length] === input[at + length]) length++;

    // Close the literals before it; when there are none their length byte is taken back.
    if (literals > 0) output[out - literals - 1] = literals - 1;
    else out--;
    if (out + 4 > outputEnd) return 0;
    if (length < 9) {
      output[out++] = (back >> 8) | ((length - 2) << 5);
    } else {
      output[out++] = (back >> 8) | 0xe0;
      output[out++] = length - 9;
    }
    output[out++] = back & 0xff;
    out++;
    literals = 0;

    // Of what was repeated only the last two places are noted, as Redis does it: noting all of them costs as much as
    // everything else together, and finds next to nothing more.
    at += length;
    for (let place = at - 2; place < at; place++) {
      if (place < end - 2) lastSeen[hashAt(input, place)] = place + shift;
    }
  }

  while (at < end) {
    if (out >= outputEnd) return 0;
    output[out++] = input[at++] as number;
    if (++literals === longestLiteral) {
      output[out - literals - 1] = literals - 1;
      literals = 0;
      out++;
    }
  }
  if (literals > 0) output[out - literals - 1] = literals - 1;
  else out--;
  return out - outputStart;
}

function hashAt(input: Uint8Array, at: number): number {
  const three = ((input[at] as number) << 16) | ((input[at + 1] as number) << 8) | (input[at + 2] as number);
  return Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
}

/**
 * Expands `input` from `start` to `end`, which must give exactly `plainBytes`, into the beginning of `output`.
 * @returns what is wrong with the input; undefined when all went well.
 */
export function lzfDecompress(
  input: Uint8Array,
  output: Uint8Array,
  start = 0,
  end = input.length,
  plainBytes = output.length,
): string | undefined {
  let at = start;
  let out = 0;
  while (at < end) {
    const control = input[at++] as number;
    if (control < longestLiteral) {
      const length = control + 1;
      if (at + length > end) return "compressed string ends within a literal";
      if (out + length > plainBytes) return "compressed string is longer than announced";
      for (let i = 0; i < length; i++) output[out++] = input[at++] as number;
      continue;
    }
    let length = (control >> 5) + 2;
    if (at + (length === 9 ? 2 : 1) > end) return "compressed string ends within a repeat";
    if (length === 9) length += input[at++] as number;
    let from = out - (((control & 0x1f) << 8) | (input[at++] as number)) - 1;
    if (from < 0) return "compressed string repeats what is before its beginning";
    if (out + length > plainBytes) return "compressed string is longer than announced";
    // Byte by byte, because a repeat may reach into what it is just writing.
    for (let i = 0; i < length; i++) output[out++] = output[from++] as number;
  }
  return out === plainBytes ? undefined : `compressed string gives ${out} bytes, ${plainBytes} announced`;
}
