import { expect } from "chai";
import { BytesIn } from "../codec/bytes-in.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { ListpackWriter } from "../codec/listpack.ts";
import { defaultEncodingLimits } from "./encoding-limits.ts";
import { StreamValue } from "./stream.ts";
import { StreamGroup } from "./stream-group.ts";
import { formatId, idMax, idMin, parseId, type StreamId, streamId } from "./stream-id.ts";
import { streamType } from "./stream-type.ts";

const at = (ms: number, seq = 0): StreamId => streamId(BigInt(ms), BigInt(seq));

function streamOf(count: number, limits = defaultEncodingLimits()): StreamValue {
  const stream = new StreamValue(limits);
  for (let n = 1; n <= count; n++) stream.append(at(n), ["field"], [`value ${n}`]);
  return stream;
}

const idsOf = (stream: StreamValue): string[] => Array.from(stream.range(idMin, idMax), ({ id }) => formatId(id));

function written(write: (out: RdbBytes) => void): Buffer {
  const out = new RdbBytes(false);
  write(out);
  return Buffer.from(out.take());
}

const whole = (stream: StreamValue): Buffer => written((out) => streamType.writeRdb(stream, out));
const read = (bytes: Buffer, type = 19): StreamValue =>
  streamType.readRdb(type, new BytesIn(bytes, "/d/dump.rdb"), defaultEncodingLimits()) as StreamValue;

describe("a stream's id", () => {
  it("has two parts of 64 bits each, and compares as they do", () => {
    const max = "18446744073709551615";
    expect(formatId(parseId(`${max}-${max}`) ?? 0n)).to.equal(`${max}-${max}`);
    expect(parseId(`${max}-${max}`)).to.equal(idMax);
    expect(parseId("18446744073709551616")).to.equal(undefined);
    for (const text of ["", "-1", "1-", "1-2-3", "a", "1-*"]) expect(parseId(text), text).to.equal(undefined);
    expect(at(2) > at(1, 99)).to.equal(true);
  });
});

describe("a stream", () => {
  it("fills nodes of a hundred entries, or of four KiB, and marks what is deleted in them", () => {
    const stream = streamOf(250);
    expect(stream.nodes.map(({ entries }) => entries.length)).to.deep.equal([100, 100, 50]);
    expect(stream.delete(at(150))).to.equal(true);
    expect(stream.delete(at(150))).to.equal(false);
    expect(stream.nodes.map(({ liveCount }) => liveCount)).to.deep.equal([100, 99, 50]);
    const large = new StreamValue(defaultEncodingLimits());
    for (let n = 1; n <= 3; n++) large.append(at(n), ["f"], ["x".repeat(3000)]);
    expect(large.nodes.length).to.equal(3);
  });

  it("loses a node with its last entry", () => {
    const stream = streamOf(101);
    stream.delete(at(101));
    expect(stream.nodes.length).to.equal(1);
    expect(formatId(stream.lastId)).to.equal("101-0");
  });

  it("is trimmed by whole nodes when that is near enough, and to the entry when it is not", () => {
    const stream = streamOf(250);
    expect(stream.trim({ by: { lengthMax: 120 }, approximate: true, limit: 0 })).to.equal(100);
    expect(stream.trim({ by: { lengthMax: 120 }, approximate: false, limit: 0 })).to.equal(30);
    expect(formatId(stream.firstId)).to.equal("131-0");
    expect(stream.trim({ by: { idMin: at(240) }, approximate: false, limit: 0 })).to.equal(109);
    expect(idsOf(stream)[0]).to.equal("240-0");
  });

  it("finds an id again that was deleted and, after XSETID went back, came a second time", () => {
    const stream = streamOf(3);
    stream.delete(at(3));
    stream.lastId = at(2);
    stream.append(at(3), ["field"], ["again"]);
    expect(stream.get(at(3))?.values).to.deep.equal(["again"]);
    expect(idsOf(read(whole(stream)))).to.deep.equal(["1-0", "2-0", "3-0"]);
  });

  it("knows the size of its nodes as they are written", () => {
    const stream = streamOf(99);
    stream.append(at(100), ["field", "other"], ["a", "-12"]);
    stream.delete(at(7));
    const [node] = stream.nodes;
    expect(node?.write(new ListpackWriter()).length).to.equal(node?.sizeBytes);
    const [copy] = read(whole(stream)).nodes;
    expect(copy?.sizeBytes).to.equal(node?.sizeBytes);
  });

  it("is written as it was when it was frozen, whatever is done to it while it is written", () => {
    const stream = streamOf(5000);
    const group = new StreamGroup(at(9), 9n);
    group.assign(at(8), group.addConsumer("ann", 5), 4, 1);
    stream.groups.set("readers", group);
    const expected = whole(stream);
    const frozen = streamType.freeze(stream);
    const found = written((out) => {
      let n = 5000;
      for (const _slice of frozen.writeRdb(out)) {
        for (const id of [n, n - 1, 10]) stream.delete(at(id));
        stream.append(at(++n), ["field"], ["new"]);
        stream.trim({ by: { lengthMax: 4000 }, approximate: false, limit: 0 });
        group.acknowledge(at(8));
      }
    });
    expect(found.equals(expected)).to.equal(true);
    expect(stream.nodes.some((node) => node.frozen)).to.equal(false);
  });

  it("is refused with its place when its file contradicts itself", () => {
    const stream = streamOf(3);
    const group = new StreamGroup(at(2), 2n);
    group.assign(at(2), group.addConsumer("ann", 5), 4, 1);
    stream.groups.set("readers", group);
    const good = whole(stream);
    expect(idsOf(read(good))).to.deep.equal(["1-0", "2-0", "3-0"]);

    const complaint = (change: (bytes: Buffer) => void): string => {
      const bytes = Buffer.from(good);
      change(bytes);
      try {
        read(bytes);
      } catch (error) {
        if (error instanceof DamagedFile) return error.message;
        throw error;
      }
      return "";
    };
    const nodeStart = 2;
    // Behind a length of two bytes.
    const listpackStart = nodeStart + 16 + 2;
    const listpackBytes = good.readUInt32LE(listpackStart);
    const lengthAt = listpackStart + listpackBytes;
    expect(complaint((bytes) => bytes.writeUInt8(15, 1))).to.contain("has 16 bytes, not 15");
    expect(complaint((bytes) => bytes.writeUInt8(2, listpackStart + 6))).to.contain("at offset 20: a stream node");
    expect(complaint((bytes) => bytes.writeUInt8(9, lengthAt))).to.contain(
      `at offset ${lengthAt}: a stream of 9 entries`,
    );
    expect(complaint((bytes) => bytes.writeUInt8(1, lengthAt + 1))).to.contain("below that of an entry");
    // The consumer's own list names an entry that the group does not have.
    expect(complaint((bytes) => bytes.writeUInt8(99, bytes.length - 1))).to.contain("no longer, pending");
  });
});
