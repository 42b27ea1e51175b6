/**
 * Lists in files.
 *
 *     type  1   count, elements
 *     type 10   one ziplist
 *     type 14   count of nodes, ziplists
 *     type 18   count of nodes, each: 1 (plain), element │ 2 (packed), listpack          written
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { BytesOut } from "../codec/bytes-out.ts";
import { ListpackWriter, readListpack } from "../codec/listpack.ts";
import { readZiplist } from "../codec/ziplist.ts";
import { type DataType, itemsPerSlice } from "./data-type.ts";
import { ListValue } from "./list.ts";
import { ListNode } from "./list-node.ts";
import { inBatches } from "./rebuild.ts";

const rdbList = 1;
const rdbZiplist = 10;
const rdbQuicklist = 14;
const rdbQuicklist2 = 18;
const plainNode = 1;
const packedNode = 2;

const listpack = new ListpackWriter();

export const listType: DataType<ListValue> = {
  name: "list",
  rdbTypes: [rdbList, rdbZiplist, rdbQuicklist, rdbQuicklist2],
  rdbTypeOf: () => rdbQuicklist2,
  writeRdb(list, out) {
    out.length(list.nodeCount);
    for (const node of list.chain()) writeNode(node, out);
  },
  readRdb(rdbType, input, limits) {
    const list = new ListValue(limits);
    switch (rdbType) {
      case rdbList:
        for (let missing = input.count(1, "elements"); missing > 0; missing--) list.push("tail", input.string());
        break;
      case rdbZiplist:
        for (const element of readZiplist(input.packed())) list.push("tail", element);
        break;
      default:
        for (let missing = input.count(1, "nodes"); missing > 0; missing--) {
          const node = rdbType === rdbQuicklist ? readOldNode(input) : readNode(input);
          if (node.count > 0) list.appendNode(node);
        }
    }
    return list.length === 0 ? undefined : list;
  },
  rebuild: (key, list) => rebuildList(key, list.elements()),
  itemCount: (list) => list.length,
  freeze(list) {
    const nodes = list.freezeNodes();
    return {
      rdbType: rdbQuicklist2,
      *writeRdb(out) {
        out.length(nodes.length);
        let items = 0;
        for (const node of thawing(nodes)) {
          writeNode(node, out);
          items += node.count;
          if (items < itemsPerSlice) continue;
          items = 0;
          yield;
        }
      },
      rebuild: (key) => rebuildList(key, elementsOf(nodes)),
      release() {
        for (const node of nodes) node.frozen = false;
      },
    };
  },
};

function rebuildList(key: string, elements: Iterable<string>): Iterable<readonly string[]> {
  return inBatches(["RPUSH", key], singly(elements));
}

function* singly(elements: Iterable<string>): Generator<readonly string[], void, undefined> {
  for (const element of elements) yield [element];
}

/** The nodes, each free to be changed again once it was given and dealt with. */
function* thawing(nodes: readonly ListNode[]): Generator<ListNode, void, undefined> {
  for (const node of nodes) {
    yield node;
    node.frozen = false;
  }
}

function* elementsOf(nodes: readonly ListNode[]): Generator<string, void, undefined> {
  for (const node of thawing(nodes)) yield* node.slice();
}

function writeNode(node: ListNode, out: BytesOut): void {
  if (node.plain) {
    out.length(plainNode);
    out.string(node.at(0));
    return;
  }
  out.length(packedNode);
  for (const element of node.slice()) listpack.add(element);
  out.packed(listpack.finish());
}

function readNode(input: BytesIn): ListNode {
  const start = input.offset;
  const container = input.length();
  if (container === plainNode) {
    const element = input.string();
    if (element === "") input.failAt(start, "a plain node of a list is never empty");
    return ListNode.ofOne(element, true);
  }
  if (container !== packedNode) input.failAt(start, `a list node is plain (1) or packed (2), not ${container}`);
  const packed = input.packed();
  return new ListNode(readListpack(packed), false, packed.bytes.length);
}

function readOldNode(input: BytesIn): ListNode {
  return ListNode.ofElements(readZiplist(input.packed()));
}
