/** What a store relies on for the bytes of its files. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { randomFrom } from "../../harness/random.ts";
import { type FileSystemPromise, run, withFile } from "./file-system-promise.ts";

const { O_APPEND, O_CREAT, O_DSYNC, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = fs.constants;

export const bytesPromises: readonly FileSystemPromise[] = [
  {
    name: "what is written anywhere in a file is read back, NULs where nothing was written",
    keep(dir, seed) {
      const random = randomFrom(seed);
      const file = path.join(dir, "f");
      let expected = Buffer.alloc(0);
      withFile(file, "w+", (fd) => {
        for (let step = 0; step < 200; step++) {
          const [offset, length] = [random.below(60_000), random.below(9_000)];
          if (random.chance(0.1)) {
            fs.ftruncateSync(fd, offset);
            expected = Buffer.concat([expected, Buffer.alloc(offset)]).subarray(0, offset);
          } else {
            const bytes = Buffer.alloc(length, random.below(256));
            fs.writeSync(fd, bytes, 0, length, offset);
            if (length > 0 && expected.length < offset + length) {
              expected = Buffer.concat([expected, Buffer.alloc(offset + length - expected.length)]);
            }
            bytes.copy(expected, offset);
          }
          if (step % 20 === 0)
            expect(fs.readFileSync(file).equals(expected), `seed ${seed}, step ${step}`).to.equal(true);
        }
      });
      expect(fs.readFileSync(file).equals(expected), `seed ${seed}`).to.equal(true);
      expect(fs.statSync(file).size).to.equal(expected.length);
    },
  },
  {
    name: "appending handles never overwrite each other",
    keep(dir) {
      const file = path.join(dir, "log");
      withFile(file, O_CREAT | O_WRONLY | O_APPEND, (one) =>
        withFile(file, O_WRONLY | O_APPEND, (other) => {
          for (let count = 0; count < 100; count++) fs.writeSync(count % 2 === 0 ? one : other, `${count};`);
        }),
      );
      expect(fs.readFileSync(file, "utf8")).to.equal(Array.from({ length: 100 }, (_, count) => `${count};`).join(""));
    },
  },
  {
    name: "a write of many megabytes arrives whole",
    keep(dir) {
      const bytes = Buffer.alloc(9 << 20, "0123456789abcdef");
      withFile(path.join(dir, "big"), "w", (fd) => expect(fs.writeSync(fd, bytes)).to.equal(bytes.length));
      expect(fs.readFileSync(path.join(dir, "big")).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "a file that is cut and grows again has NULs where its old bytes were",
    keep(dir) {
      const file = path.join(dir, "f");
      fs.writeFileSync(file, "0123456789");
      fs.truncateSync(file, 4);
      fs.truncateSync(file, 8);
      expect(fs.readFileSync(file, "latin1")).to.equal("0123\0\0\0\0");
      withFile(file, O_RDWR | O_TRUNC, (fd) => expect(fs.fstatSync(fd).size).to.equal(0));
      expect(fs.readFileSync(file, "latin1")).to.equal("");
    },
  },
  {
    name: "writes that ask to be synced succeed, as do fsync and fdatasync of files and fsync of folders",
    keep(dir) {
      for (const [name, flag] of [["dsync", O_DSYNC] as const, ["sync", O_SYNC] as const]) {
        withFile(path.join(dir, name), O_CREAT | O_WRONLY | flag, (fd) => {
          expect(fs.writeSync(fd, "durable")).to.equal(7);
          fs.fsyncSync(fd);
          fs.fdatasyncSync(fd);
        });
        expect(fs.readFileSync(path.join(dir, name), "utf8")).to.equal("durable");
      }
      withFile(dir, "r", (fd) => fs.fsyncSync(fd));
    },
  },
  {
    name: "a hole costs nothing",
    keep(dir) {
      const file = path.join(dir, "sparse");
      withFile(file, "w", (fd) => fs.writeSync(fd, "end", 100 << 20));
      const status = fs.statSync(file);
      expect(status.size).to.equal((100 << 20) + 3);
      expect(status.blocks * 512).to.be.lessThan(1 << 20);
    },
  },
  {
    name: "space can be allocated, with the size changed or kept, punched out and zeroed",
    tools: ["fallocate"],
    keep(dir) {
      const file = path.join(dir, "f");
      const text = () => fs.readFileSync(file, "latin1").replaceAll("\0", ".");
      fs.writeFileSync(file, "0123456789");
      run("fallocate", "--offset", "0", "--length", "14", file);
      expect(text()).to.equal("0123456789....");
      run("fallocate", "--keep-size", "--offset", "0", "--length", "9000", file);
      expect(text()).to.equal("0123456789....");
      run("fallocate", "--punch-hole", "--offset", "2", "--length", "3", file);
      expect(text()).to.equal("01...56789....");
      run("fallocate", "--zero-range", "--offset", "8", "--length", "10", file);
      expect(text()).to.equal("01...567..........");
      run("fallocate", "--zero-range", "--keep-size", "--offset", "6", "--length", "100", file);
      expect(text()).to.equal("01...5............");
    },
  },
  {
    name: "files are copied by the kernel, without a detour through the process",
    keep(dir) {
      const bytes = Buffer.alloc(300_000, "copy me");
      fs.writeFileSync(path.join(dir, "a"), bytes);
      fs.copyFileSync(path.join(dir, "a"), path.join(dir, "b"));
      run("cp", path.join(dir, "b"), path.join(dir, "c"));
      expect(fs.readFileSync(path.join(dir, "c")).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "direct input and output reads and writes what buffered does",
    keep(dir) {
      const [from, to] = [path.join(dir, "a"), path.join(dir, "b")];
      const bytes = Buffer.alloc(1 << 20, "direct");
      fs.writeFileSync(from, bytes);
      run("dd", `if=${from}`, `of=${to}`, "bs=128k", "iflag=direct", "oflag=direct", "status=none");
      expect(fs.readFileSync(to).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "what is written through a shared mapping is in the file, and the other way round",
    tools: ["xfs_io"],
    keep(dir) {
      const file = path.join(dir, "mapped");
      fs.writeFileSync(file, Buffer.alloc(20_000, "."));
      const mapped = ["-c", "mmap -rw 0 20000", "-c", "mwrite -S 0x61 4090 10", "-c", "msync -s 0 20000"];
      const [, ...written] = run(
        "xfs_io",
        ...mapped,
        "-c",
        "pwrite -S 0x62 8000 3",
        "-c",
        "mread -v 7998 6",
        file,
      ).split("\n");
      expect(written.join(" ")).to.include("2e 2e 62 62 62 2e");
      const bytes = fs.readFileSync(file, "latin1");
      expect(bytes.slice(4088, 4102)).to.equal("..aaaaaaaaaa..");
      expect(bytes.length).to.equal(20_000);
    },
  },
  {
    name: "64 writers at a time all succeed",
    async keep(dir) {
      const files = Array.from({ length: 64 }, (_, index) => path.join(dir, `f${index}`));
      await Promise.all(
        files.map(async (file, index) => {
          const handle = await fs.promises.open(file, "w");
          for (let count = 0; count < 5; count++) await handle.write(`${index}:${count};`);
          await handle.sync();
          await handle.close();
        }),
      );
      for (const [index, file] of files.entries()) {
        expect(fs.readFileSync(file, "utf8")).to.equal([0, 1, 2, 3, 4].map((count) => `${index}:${count};`).join(""));
      }
    },
  },
];
