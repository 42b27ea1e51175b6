import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { replayPlainly } from "../../tests/file-system/plain-replay.ts";
import type { FileTree, Inode } from "../disk/file-tree.ts";
import type { Image } from "../disk/image.ts";
import { type Random, randomFrom } from "../random.ts";
import { JournalReader, JournalWriter } from "../recording/journal-file.ts";
import { errno } from "./fuse-protocol.ts";
import { Recorder, Refusal } from "./recorder.ts";

describe("the recorder", () => {
  let dir: string;
  let journal: JournalWriter;
  let recorder: Recorder;

  const tid = 42;
  const now = () => Number(process.hrtime.bigint() % 1_000_000_000_000n);

  beforeEach(() => {
    dir = path.join(mkdtempSync(path.join(os.tmpdir(), "lossbound-recorder-")), "journal");
    journal = JournalWriter.begin(dir, 0n, now);
    recorder = new Recorder(journal, []);
  });

  afterEach(() => {
    journal.close();
    rmSync(path.dirname(dir), { recursive: true });
  });

  function read<T>(use: (reader: JournalReader) => T): T {
    journal.flush();
    const reader = new JournalReader(dir);
    try {
      return use(reader);
    } finally {
      reader.close();
    }
  }

  const kinds = () => read(({ records }) => records.map(({ kind }) => kind));
  const file = (name = "f") => recorder.make(tid, recorder.tree.root, name, { type: "file" });

  function refusal(run: () => unknown): number {
    try {
      run();
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      throw error;
    }
    return 0;
  }

  it("records what it does, in order, each under the name that it had at that moment", () => {
    const f = file("a");
    recorder.write(tid, f, 0, Buffer.from("one"));
    recorder.rename(tid, recorder.tree.root, "a", recorder.tree.root, "b", 0);
    recorder.write(tid, f, 3, Buffer.from("two"));
    const start = recorder.syncStarted(7, f, "data");
    f.opens++;
    recorder.remove(tid, recorder.tree.root, "b", "unlink");
    recorder.write(tid, f, 6, Buffer.from("three"));
    recorder.syncEnded(7, f, start, false);
    read((reader) => {
      const seen = reader.records.map((record) => [
        record.kind,
        "path" in record ? record.path : undefined,
        record.tid,
      ]);
      expect(seen).to.deep.equal([
        ["create", "a", tid],
        ["write", "a", tid],
        ["rename", "b", tid],
        ["write", "b", tid],
        ["sync-start", "b", 7],
        ["unlink", "b", tid],
        ["write", undefined, tid],
        ["sync-end", undefined, 7],
      ]);
      expect(reader.records[2]).to.include({ fromPath: "a", fromParent: 1, parent: 1, inode: f.number });
      expect(reader.records[7]).to.include({ start: 4, ok: false });
    });
  });

  it("leaves no record of what it refuses", () => {
    const folder = recorder.make(tid, recorder.tree.root, "d", { type: "directory" });
    recorder.make(tid, folder, "inside", { type: "file" });
    const { root } = recorder.tree;
    expect(refusal(() => recorder.make(tid, root, "d", { type: "file" }))).to.equal(errno.EEXIST);
    expect(refusal(() => recorder.remove(tid, root, "d", "rmdir"))).to.equal(errno.ENOTEMPTY);
    expect(refusal(() => recorder.remove(tid, root, "d", "unlink"))).to.equal(errno.EISDIR);
    expect(refusal(() => recorder.remove(tid, root, "x", "unlink"))).to.equal(errno.ENOENT);
    expect(refusal(() => recorder.rename(tid, root, "x", root, "y", 0))).to.equal(errno.ENOENT);
    expect(refusal(() => recorder.rename(tid, root, "d", root, "y", 8))).to.equal(errno.EINVAL);
    expect(refusal(() => recorder.write(tid, file(), 2 ** 60, Buffer.from("x")))).to.equal(errno.EFBIG);
    expect(kinds()).to.deep.equal(["mkdir", "create", "create"]);
  });

  it("does nothing where POSIX has nothing happen: a rename onto a further name of the same file, a cut to its own size", () => {
    const f = file("a");
    recorder.link(tid, f, recorder.tree.root, "b");
    recorder.rename(tid, recorder.tree.root, "a", recorder.tree.root, "b", 0);
    recorder.truncate(tid, f, 0);
    expect(kinds()).to.deep.equal(["create", "link"]);
    expect([...recorder.tree.root.entries.keys()]).to.deep.equal(["a", "b"]);
  });

  it("takes what fits on a disk that is filling up, and then nothing; what is deleted makes room", () => {
    recorder.capacity = () => 10;
    const [one, other] = [file("one"), file("other")];
    expect(recorder.write(tid, one, 0, Buffer.from("123456"))).to.equal(6);
    expect(recorder.write(tid, other, 0, Buffer.from("123456"))).to.equal(4);
    expect(refusal(() => recorder.write(tid, other, 4, Buffer.from("x")))).to.equal(errno.ENOSPC);
    expect(refusal(() => recorder.fallocate(tid, other, "allocate", 0, 5))).to.equal(errno.ENOSPC);
    // What is there already costs nothing to overwrite.
    expect(recorder.write(tid, one, 3, Buffer.from("ABC"))).to.equal(3);
    recorder.remove(tid, recorder.tree.root, "one", "unlink");
    expect(recorder.write(tid, other, 2, Buffer.from("12345678"))).to.equal(8);
    read((reader) => {
      const lengths = reader.records.flatMap((record) => (record.kind === "write" ? [record.length] : []));
      expect(lengths).to.deep.equal([6, 4, 3, 8]);
    });
  });

  it("goes on from any journal as if it had never stopped, whatever was done before", () => {
    const seed = randomBytes(4).toString("hex");
    const random = randomFrom(seed);
    for (let round = 0; round < 15; round++) {
      for (let step = 0; step < 60; step++) takeStep(random);
      read((reader) => {
        const plain = digestsOf(replayPlainly(reader));
        expect(digestsOf(imageOf(recorder.tree)), `seed ${seed}, round ${round}`).to.deep.equal(plain);
        journal.close();
        journal = JournalWriter.resume(dir, reader, now);
        recorder = new Recorder(journal, reader.records);
        expect(digestsOf(imageOf(recorder.tree)), `seed ${seed}, round ${round}, gone on`).to.deep.equal(plain);
      });
    }
  });

  /** Anything that a store may ask, lawful or not. */
  function takeStep(random: Random): void {
    const folders = [recorder.tree.root, ...[...recorder.tree.walk()].map(([, inode]) => inode)].filter(
      ({ type }) => type === "directory",
    );
    const files = [...recorder.tree.walk()].map(([, inode]) => inode).filter(({ type }) => type === "file");
    const [folder, other] = [random.pick(folders), random.pick(folders)];
    const [name, otherName] = [random.pick(["a", "b", "c"]), random.pick(["a", "b", "c"])];
    const some: Inode | undefined = files.length > 0 ? random.pick(files) : undefined;
    const [offset, length] = [random.below(50), random.below(40)];
    const steps: readonly (() => unknown)[] = [
      () => recorder.make(tid, folder, name, { type: "file" }),
      () => recorder.make(tid, folder, name, { type: "directory" }),
      () => some && recorder.link(tid, some, folder, name),
      () => recorder.remove(tid, folder, name, folder.entries.get(name)?.type === "directory" ? "rmdir" : "unlink"),
      () => canMove(folder, name, other, otherName) && recorder.rename(tid, folder, name, other, otherName, 0),
      () => canSwap(folder, name, other, otherName) && recorder.rename(tid, folder, name, other, otherName, 2),
      () => some && recorder.write(tid, some, offset, Buffer.alloc(length, random.below(256))),
      () => some && recorder.write(tid, some, some.bytes.size, Buffer.alloc(length, random.below(256))),
      () => some && recorder.truncate(tid, some, offset),
      () =>
        some &&
        recorder.fallocate(tid, some, random.pick(["allocate", "reserve", "punch", "zero"]), offset, length + 1),
    ];
    refusal(random.pick(steps));
  }

  const isInside = (folder: Inode, inode: Inode | undefined): boolean =>
    folder === inode || folder.names.some(({ parent }) => isInside(parent, inode));

  /** The kernel checks these before it asks. */
  function canMove(from: Inode, name: string, to: Inode, toName: string): boolean {
    const [moved, replaced] = [from.entries.get(name), to.entries.get(toName)];
    const sameType = replaced === undefined || (replaced.type === "directory") === (moved?.type === "directory");
    return sameType && !isInside(to, moved);
  }

  function canSwap(from: Inode, name: string, to: Inode, toName: string): boolean {
    return !isInside(to, from.entries.get(name)) && !isInside(from, to.entries.get(toName));
  }

  function imageOf(tree: FileTree): Image {
    const nodes = [...tree.walk()].map(([at, inode]) => {
      const bytes = new Uint8Array(inode.bytes.size);
      inode.bytes.read(0, bytes);
      return [
        at,
        inode.type === "directory" ? { kind: "directory" as const } : { kind: "file" as const, bytes },
      ] as const;
    });
    return new Map(nodes);
  }

  const digestsOf = (image: Image) =>
    [...image].map(([at, node]) =>
      node.kind === "file" ? `${at} ${Buffer.from(node.bytes).toString("hex")}` : `${at}/`,
    );
});
