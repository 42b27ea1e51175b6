/**
 * Streams in files.
 *
 *     type 15   nodes │ length │ last id │ groups
 *     type 19   nodes │ length │ last id │ first id │ highest deleted id │ entries added │ groups         written
 *     type 21   as 19, and consumers have one time more
 *
 *     nodes      count, each: master id (a string of 16 bytes, big-endian), listpack (see stream-node.ts)
 *     group      name │ last id │ [19, 21: entries read, −1 = not known] │ pending │ consumers
 *     pending    count, each: id (16 bytes), time of delivery (ms, 8 bytes LE), deliveries
 *     consumer   name │ seen (ms, 8 bytes LE) │ [21: active, the same] │ pending: count, ids
 *
 * Ids outside of nodes and pending entries are two lengths, ms and seq.
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";
import { ListpackWriter } from "../codec/listpack.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { type StreamImage, StreamValue } from "./stream.ts";
import { byName, type Consumer, type Pending, StreamGroup } from "./stream-group.ts";
import { formatId, idMin, msOf, type StreamId, seqOf, streamId } from "./stream-id.ts";
import { StreamNode } from "./stream-node.ts";
import { entriesAddedUpTo } from "./stream-progress.ts";
import { rebuildStream } from "./stream-rebuild.ts";

const rdbStream = 15;
const rdbStream2 = 19;
const rdbStream3 = 21;
const idBytes = 16;

const listpack = new ListpackWriter();

export const streamType: DataType<StreamValue> = {
  name: "stream",
  rdbTypes: [rdbStream, rdbStream2, rdbStream3],
  rdbTypeOf: () => rdbStream2,
  writeRdb(stream, out) {
    const writing = write(stream, out);
    while (writing.next().done !== true);
  },
  readRdb: read,
  rebuild: rebuildStream,
  itemCount: (stream) => {
    let items = stream.length;
    for (const group of stream.groups.values()) items += group.pending.size;
    return items;
  },
  freeze(stream) {
    const nodes = stream.freezeNodes();
    const { length, lastId, firstId, maxDeletedId, entriesAdded } = stream;
    // What groups hold is small beside the entries, and changes with every read: it is copied.
    const groups = new Map([...stream.groups].map(([name, group]) => [name, group.copy()]));
    const image: StreamImage = { nodes, length, lastId, firstId, maxDeletedId, entriesAdded, groups };
    const release = () => {
      for (const node of nodes) node.frozen = false;
    };
    return {
      rdbType: rdbStream2,
      *writeRdb(out) {
        yield* write(image, out);
        release();
      },
      *rebuild(key) {
        yield* rebuildStream(key, image);
        release();
      },
      release,
    };
  },
};

function* write(image: StreamImage, out: BytesOut): Generator<undefined, void, undefined> {
  let items = 0;
  const { nodes, length, lastId, firstId, maxDeletedId, entriesAdded, groups } = image;
  out.length(nodes.length);
  for (const node of nodes) {
    out.length(idBytes);
    writeRawId(node.masterId, out);
    out.packed(node.write(listpack));
    items += node.entries.length;
    if (items < itemsPerSlice) continue;
    items = 0;
    yield;
  }
  out.length(length);
  for (const id of [lastId, firstId, maxDeletedId]) writeId(id, out);
  writeLength(entriesAdded, out);
  out.length(groups.size);
  for (const [name, group] of byName(groups)) {
    out.string(name);
    writeId(group.lastId, out);
    writeLength(group.entriesRead ?? -1n, out);
    out.length(group.pending.size);
    for (const [id, { deliveredMs, deliveries }] of group.pending) {
      writeRawId(id, out);
      out.u64le(BigInt.asUintN(64, BigInt(deliveredMs)));
      out.length(deliveries);
      if (++items % itemsPerSlice === 0) yield;
    }
    out.length(group.consumers.size);
    for (const [consumerName, { seenMs, pending }] of byName(group.consumers)) {
      out.string(consumerName);
      out.u64le(BigInt.asUintN(64, BigInt(seenMs)));
      out.length(pending.size);
      for (const [id] of pending) {
        writeRawId(id, out);
        if (++items % itemsPerSlice === 0) yield;
      }
    }
  }
}

function writeId(id: StreamId, out: BytesOut): void {
  writeLength(msOf(id), out);
  writeLength(seqOf(id), out);
}

function writeRawId(id: StreamId, out: BytesOut): void {
  out.u64be(msOf(id));
  out.u64be(seqOf(id));
}

/** A length of which all 64 bits count. */
function writeLength(value: bigint, out: BytesOut): void {
  if (value >= 0n && value <= 0xffffffffn) {
    out.length(Number(value));
    return;
  }
  out.u8(0x81);
  out.u64be(BigInt.asUintN(64, value));
}

function read(rdbType: number, input: BytesIn, limits: EncodingLimits): StreamValue {
  const stream = new StreamValue(limits);
  let lastLiveId = idMin;
  for (let missing = input.count(idBytes, "nodes of a stream"); missing > 0; missing--) {
    const start = input.offset;
    const node = readNode(input);
    const [firstLive] = node.entries.filter(({ deleted }) => !deleted);
    const masterBefore = stream.nodes.at(-1)?.masterId;
    if (masterBefore !== undefined && node.masterId <= masterBefore)
      input.failAt(start, "the ids of stream nodes rise");
    if (firstLive !== undefined && firstLive.id <= lastLiveId) input.failAt(start, "the ids of a stream rise");
    lastLiveId = node.entries.findLast(({ deleted }) => !deleted)?.id ?? lastLiveId;
    stream.appendNode(node);
  }
  const lengthOffset = input.offset;
  const live = stream.nodes.reduce((sum, { liveCount }) => sum + liveCount, 0);
  stream.length = input.length();
  if (stream.length !== live)
    input.failAt(lengthOffset, `a stream of ${stream.length} entries announced, ${live} there`);
  const lastIdOffset = input.offset;
  stream.lastId = readId(input);
  if (stream.lastId < lastLiveId) input.failAt(lastIdOffset, "the last id of a stream is below that of an entry");
  if (rdbType === rdbStream) {
    stream.firstId = stream.edge("first") ?? idMin;
    stream.entriesAdded = BigInt(stream.length);
  } else {
    stream.firstId = readId(input);
    stream.maxDeletedId = readId(input);
    stream.entriesAdded = input.length64();
  }
  for (let missing = input.count(1, "groups of a stream"); missing > 0; missing--) readGroup(rdbType, input, stream);
  return stream;
}

function readNode(input: BytesIn): StreamNode {
  const start = input.offset;
  const key = input.string();
  if (key.length !== idBytes) input.failAt(start, `the master id of a stream node has 16 bytes, not ${key.length}`);
  const bytes = Buffer.from(key, "latin1");
  return StreamNode.read(streamId(bytes.readBigUInt64BE(0), bytes.readBigUInt64BE(8)), input.packed());
}

function readGroup(rdbType: number, input: BytesIn, stream: StreamValue): void {
  const start = input.offset;
  const name = input.string();
  if (stream.groups.has(name)) input.failAt(start, `the stream has a group '${name}' already`);
  const lastId = readId(input);
  const entriesRead = rdbType === rdbStream ? entriesAddedUpTo(stream, lastId) : readEntriesRead(input);
  const group = new StreamGroup(lastId, entriesRead);
  stream.groups.set(name, group);

  // Whose they are is said further on.
  const unowned = new Map<StreamId, Omit<Pending, "consumer">>();
  for (let missing = input.count(idBytes, "pending entries"); missing > 0; missing--) {
    const idOffset = input.offset;
    const id = readRawId(input);
    if (unowned.has(id)) input.failAt(idOffset, `entry ${formatId(id)} is pending twice`);
    unowned.set(id, { deliveredMs: Number(input.i64le()), deliveries: input.length() });
  }
  for (let missing = input.count(1, "consumers"); missing > 0; missing--) {
    const consumerOffset = input.offset;
    const consumerName = input.string();
    if (group.consumers.has(consumerName)) {
      input.failAt(consumerOffset, `Duplicate stream consumer detected: '${consumerName}'`);
    }
    const consumer = group.addConsumer(consumerName, Number(input.i64le()));
    // When it last was given something: nothing that this store answers depends on it.
    if (rdbType === rdbStream3) input.skip(8);
    readOwned(input, group, consumer, unowned);
  }
  const [orphan] = unowned.keys();
  if (orphan !== undefined) input.fail(`a consumer for the pending entry ${formatId(orphan)} expected`);
}

function readOwned(
  input: BytesIn,
  group: StreamGroup,
  consumer: Consumer,
  unowned: Map<StreamId, Omit<Pending, "consumer">>,
): void {
  for (let missing = input.count(idBytes, "pending entries of a consumer"); missing > 0; missing--) {
    const idOffset = input.offset;
    const id = readRawId(input);
    const pending = unowned.get(id);
    if (pending === undefined)
      input.failAt(idOffset, `entry ${formatId(id)} is not, or no longer, pending in the group`);
    unowned.delete(id);
    group.assign(id, consumer, pending.deliveredMs, pending.deliveries);
  }
}

function readEntriesRead(input: BytesIn): bigint | undefined {
  const count = BigInt.asIntN(64, input.length64());
  return count < 0n ? undefined : count;
}

function readId(input: BytesIn): StreamId {
  return streamId(input.length64(), input.length64());
}

function readRawId(input: BytesIn): StreamId {
  return streamId(input.u64be(), input.u64be());
}
