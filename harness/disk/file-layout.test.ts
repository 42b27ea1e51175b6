import { expect } from "chai";
import { randomFrom } from "../random.ts";
import type { WriteRecord } from "../recording/journal.ts";
import { FileLayout } from "./file-layout.ts";

const baseSeed = process.env.SEED ?? String(Date.now());

describe("a file's layout", () => {
  it("reads as the bytes would, after any writes, cuts, holes and growth", () => {
    for (let count = 0; count < 300; count++) {
      const random = randomFrom(`${baseSeed}/${count}`);
      const data = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
      const bytesOf = ({ dataOffset, length }: WriteRecord) => data.subarray(dataOffset, dataOffset + length);
      const layout = new FileLayout();
      let plain = Buffer.alloc(0);
      const grow = (size: number) => {
        if (size > plain.length) plain = Buffer.concat([plain, Buffer.alloc(size - plain.length)]);
      };
      for (let steps = 0; steps < 25; steps++) {
        const offset = random.below(60);
        const length = 1 + random.below(20);
        const action = random.below(6);
        if (action < 3) {
          const dataOffset = random.below(200);
          const skip = random.below(length);
          const record = { kind: "write", tid: 0, stampNs: 0, inode: 2, offset, length, dataOffset } as const;
          layout.put({ offset, length: length - skip, record, skip });
          grow(offset + length - skip);
          data.copy(plain, offset, dataOffset + skip, dataOffset + length);
        } else if (action === 3) {
          layout.resize({ cutTo: offset });
          plain = plain.subarray(0, offset);
        } else if (action === 4) {
          layout.resize({ zero: { from: offset, to: offset + length } });
          plain = Buffer.from(plain);
          plain.subarray(offset, offset + length).fill(0);
        } else {
          layout.resize({ growTo: offset });
          grow(offset);
        }
        const view = layout.copy().view(bytesOf);
        const message = `SEED=${baseSeed}, ${count}, step ${steps}`;
        expect(view.sizeBytes, message).to.equal(plain.length);
        expect(Buffer.from(view.read(0, 1000)).equals(plain), message).to.equal(true);
        const part = plain.subarray(offset, offset + length);
        expect(Buffer.from(view.read(offset, length)).equals(part), message).to.equal(true);
      }
    }
  });
});
