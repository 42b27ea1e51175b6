/** SHA-256 of latin1 text: passwords are kept and compared as what it gives. */

const roundCount = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes: cube roots for rounds, square roots at first. */
const primes = firstPrimes(roundCount);
const roundConstants = primes.map((prime) => fraction(Math.cbrt(prime)));
const initialState = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** 64 hexadecimal digits. */
export function sha256(message: string): string {
  const bytes = pad(message);
  const view = new DataView(bytes.buffer);
  const state = Uint32Array.from(initialState);
  const words = new Uint32Array(roundCount);
  for (let start = 0; start < bytes.length; start += 64) addBlock(state, words, view, start);
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** message │ 0x80 │ zeros │ its length in bits, 64-bit big-endian     a multiple of 64 bytes */
function pad(message: string): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(Buffer.from(message, "latin1"));
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  return padded;
}

function addBlock(state: Uint32Array, words: Uint32Array, view: DataView, start: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(start + i * 4);
  for (let i = 16; i < roundCount; i++) {
    const [early, late] = [at(words, i - 15), at(words, i - 2)];
    const first = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const second = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    words[i] = at(words, i - 16) + first + at(words, i - 7) + second;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Eight;
  for (let i = 0; i < roundCount; i++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const mixed =
      h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + (roundConstants[i] as number) + at(words, i);
    const next = mixed + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + mixed) >>> 0, c, b, a, next >>> 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => {
    state[index] = at(state, index) + value;
  });
}

type Eight = [number, number, number, number, number, number, number, number];

function rotate(value: number, bits: number): number {
  return ((value >>> bits) | (value << (32 - bits))) >>> 0;
}

function at(words: Uint32Array, index: number): number {
  return words[index] as number;
}

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  }
  return found;
}
