/**
 * A list: a chain of nodes, each a run of elements.
 *
 *     head ⇄ node ⇄ node ⇄ tail          both ends in constant time, an index in as many steps as there are nodes
 *      abc    defg   h
 *
 * Nodes are filled, split and joined where Redis does it, so that files have the same nodes and the same size.
 *
 * An image (see data-type.ts) is the row of nodes there were. A node that the image has not written yet is marked
 * frozen; who wants to change it puts a copy into the chain first and leaves the original to the image.
 */
import type { EncodingLimits } from "./encoding-limits.ts";
import { ListNode, mayMerge, mayTake } from "./list-node.ts";
import type { Collection } from "./value.ts";

export type ListEnd = "head" | "tail";

/** Where an element is. */
interface Place {
  readonly node: ListNode;
  readonly index: number;
}

export class ListValue implements Collection {
  readonly type = "list";
  readonly encoding = "quicklist";
  private readonly limits: EncodingLimits;
  private head: ListNode | undefined;
  private tail: ListNode | undefined;
  private elementCount = 0;
  private nodes = 0;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get length(): number {
    return this.elementCount;
  }

  get nodeCount(): number {
    return this.nodes;
  }

  // ── The ends ────────────────────────────────────────────────────────────────────────────────────────────────────

  push(end: ListEnd, text: string): void {
    const edge = end === "head" ? this.head : this.tail;
    if (mayTake(edge, text.length, this.limits)) {
      const node = this.own(edge);
      if (end === "head") node.unshift(text);
      else node.push(text);
    } else {
      const node = ListNode.ofOne(text, this.isLarge(text));
      if (end === "head") this.link(node, undefined, this.head);
      else this.link(node, this.tail, undefined);
    }
    this.elementCount++;
  }

  /** Undefined when the list is empty. */
  pop(end: ListEnd): string | undefined {
    const edge = end === "head" ? this.head : this.tail;
    if (edge === undefined) return undefined;
    const node = this.own(edge);
    const text = end === "head" ? node.shift() : node.pop();
    this.elementCount--;
    if (node.count === 0) this.unlink(node);
    return text;
  }

  /** Appends a node as a file has it. */
  appendNode(node: ListNode): void {
    this.link(node, this.tail, undefined);
    this.elementCount += node.count;
  }

  // ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `index` from 0 to `length` − 1. */
  get(index: number): string {
    const place = this.find(index);
    return place.node.at(place.index);
  }

  /** `count` elements from index `start` on; both within the list. */
  range(start: number, count: number): string[] {
    if (count <= 0) return [];
    const place = this.find(start);
    let node: ListNode | undefined = place.node;
    let from = place.index;
    if (from + count <= node.count) return node.slice(from, from + count);
    const elements: string[] = [];
    for (let missing = count; missing > 0 && node !== undefined; node = node.next) {
      for (const text of node.slice(from, Math.min(node.count, from + missing))) elements.push(text);
      missing = count - elements.length;
      from = 0;
    }
    return elements;
  }

  *elements(): Generator<string, void, undefined> {
    for (const node of this.chain()) yield* node.slice();
  }

  /**
   * Indices of the elements equal to `text`, from one end to the other.
   * @param skip so many matches are passed over
   * @param limit so many are given; 0 = all
   * @param compareMax so many elements are looked at; 0 = all
   */
  positions(text: string, from: ListEnd, skip: number, limit: number, compareMax: number): number[] {
    const found: number[] = [];
    let passed = 0;
    let compared = 0;
    let base = from === "head" ? 0 : this.elementCount;
    let node = from === "head" ? this.head : this.tail;
    for (; node !== undefined; node = from === "head" ? node.next : node.previous) {
      if (from === "tail") base -= node.count;
      const looked = compareMax === 0 ? node.count : Math.min(node.count, compareMax - compared);
      for (const index of matches(node, text, from, looked)) {
        if (passed++ < skip) continue;
        found.push(base + index);
        if (found.length === limit) return found;
      }
      compared += looked;
      if (compared === compareMax) return found;
      if (from === "head") base += node.count;
    }
    return found;
  }

  // ── Changing inside ─────────────────────────────────────────────────────────────────────────────────────────────

  replace(index: number, text: string): void {
    const place = this.find(index);
    const node = this.own(place.node);
    const large = this.isLarge(text);
    if (node.plain === large) {
      node.replace(place.index, text);
      return;
    }
    // The element changes its kind of node: the new one is put behind, the old one taken out.
    this.insertAt({ node, index: place.index }, text, "after");
    const before = this.find(index);
    this.removeFrom(this.own(before.node), before.index, 1);
  }

  insert(index: number, text: string, where: "before" | "after"): void {
    const place = this.find(index);
    this.insertAt({ node: this.own(place.node), index: place.index }, text, where);
  }

  /** Removes up to `limit` elements equal to `text` (0 = all), beginning at one end. Returns how many. */
  removeEqual(text: string, from: ListEnd, limit: number): number {
    let removed = 0;
    let node = from === "head" ? this.head : this.tail;
    while (node !== undefined && (limit === 0 || removed < limit)) {
      const next = from === "head" ? node.next : node.previous;
      const indices = matches(node, text, from, node.count);
      const taken = limit === 0 ? indices : indices.slice(0, limit - removed);
      if (taken.length > 0) {
        const changed = this.own(node);
        const highestFirst = from === "head" ? taken.reverse() : taken;
        if (limit === 0) changed.removeWhere((element) => element === text);
        else for (const index of highestFirst) changed.remove(index, 1);
        removed += taken.length;
        if (changed.count === 0) this.unlink(changed);
      }
      node = next;
    }
    this.elementCount -= removed;
    return removed;
  }

  /** Removes `count` elements from index `start` on; both within the list. */
  removeRange(start: number, count: number): void {
    if (count <= 0) return;
    const place = this.find(start);
    let node: ListNode | undefined = place.node;
    let from = place.index;
    for (let missing = count; missing > 0 && node !== undefined; ) {
      const next: ListNode | undefined = node.next;
      const taken = Math.min(missing, node.count - from);
      if (taken === node.count) {
        this.unlink(node);
        this.elementCount -= taken;
      } else {
        this.removeFrom(this.own(node), from, taken);
      }
      missing -= taken;
      from = 0;
      node = next;
    }
  }

  // ── Nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  *chain(): Generator<ListNode, void, undefined> {
    for (let node = this.head; node !== undefined; node = node.next) yield node;
  }

  /** The nodes as they are now, marked so that they stay so until each is thawed. */
  freezeNodes(): ListNode[] {
    const nodes: ListNode[] = [];
    for (let node = this.head; node !== undefined; node = node.next) {
      node.frozen = true;
      nodes.push(node);
    }
    return nodes;
  }

  private isLarge(text: string): boolean {
    return text.length >= this.limits.listPlainNodeBytes;
  }

  private find(index: number): Place {
    let node = this.head as ListNode;
    if (index < this.elementCount / 2) {
      let before = 0;
      while (index >= before + node.count) {
        before += node.count;
        node = node.next as ListNode;
      }
      return { node, index: index - before };
    }
    node = this.tail as ListNode;
    let before = this.elementCount - node.count;
    while (index < before) {
      node = node.previous as ListNode;
      before -= node.count;
    }
    return { node, index: index - before };
  }

  /** The node itself, or the copy that takes its place in the chain when an image needs the original. */
  private own(node: ListNode): ListNode {
    if (!node.frozen) return node;
    const copy = node.copy();
    this.link(copy, node.previous, node);
    this.unlink(node);
    return copy;
  }

  private link(node: ListNode, previous: ListNode | undefined, next: ListNode | undefined): void {
    node.previous = previous;
    node.next = next;
    if (previous === undefined) this.head = node;
    else previous.next = node;
    if (next === undefined) this.tail = node;
    else next.previous = node;
    this.nodes++;
  }

  private unlink(node: ListNode): void {
    if (node.previous === undefined) this.head = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.tail = node.previous;
    else node.next.previous = node.previous;
    this.nodes--;
  }

  private linkBeside(node: ListNode, beside: ListNode, where: "before" | "after"): void {
    if (where === "after") this.link(node, beside, beside.next);
    else this.link(node, beside.previous, beside);
  }

  private removeFrom(node: ListNode, index: number, count: number): void {
    node.remove(index, count);
    this.elementCount -= count;
    if (node.count === 0) this.unlink(node);
  }

  private insertAt({ node, index }: Place, text: string, where: "before" | "after"): void {
    this.elementCount++;
    const atEdge = where === "after" ? index === node.count - 1 : index === 0;
    const neighbour = where === "after" ? node.next : node.previous;
    if (this.isLarge(text)) {
      if (!node.plain && !atEdge) this.splitOff(node, index, where);
      this.linkBeside(ListNode.ofOne(text, true), node, where);
    } else if (mayTake(node, text.length, this.limits)) {
      node.insert(where === "after" ? index + 1 : index, text);
    } else if (atEdge && mayTake(neighbour, text.length, this.limits)) {
      const owned = this.own(neighbour);
      if (where === "after") owned.unshift(text);
      else owned.push(text);
    } else if (atEdge) {
      this.linkBeside(ListNode.ofOne(text, false), node, where);
    } else {
      const rest = this.splitOff(node, index, where);
      if (where === "after") rest.unshift(text);
      else rest.push(text);
      this.joinAround(node);
    }
  }

  /** Moves what stands behind (or before) the element at `index` into a node of its own. */
  private splitOff(node: ListNode, index: number, where: "before" | "after"): ListNode {
    const from = where === "after" ? index + 1 : 0;
    const to = where === "after" ? node.count : index;
    const rest = ListNode.ofElements(node.slice(from, to));
    node.remove(from, to - from);
    this.linkBeside(rest, node, where);
    return rest;
  }

  /** Joins neighbours that are small enough together, in Redis's order: outer pairs first, then the centre's. */
  private joinAround(centre: ListNode): void {
    const { previous, next } = centre;
    if (previous !== undefined) this.join(previous.previous, previous);
    if (next !== undefined) this.join(next, next.next);
    const joined = this.join(centre.previous, centre) ?? centre;
    this.join(joined, joined.next);
  }

  /** Makes one node of two when they fit. */
  private join(left: ListNode | undefined, right: ListNode | undefined): ListNode | undefined {
    if (left === undefined || right === undefined || !mayMerge(left, right, this.limits)) return undefined;
    const merged = ListNode.ofElements([...left.slice(), ...right.slice()]);
    this.link(merged, left.previous, left);
    this.unlink(left);
    this.unlink(right);
    return merged;
  }
}

/** Indices in a node of what equals `text`, from one end on, among the `looked` elements nearest to that end. */
function matches(node: ListNode, text: string, from: ListEnd, looked: number): number[] {
  const indices: number[] = [];
  if (from === "head") {
    for (let at = node.indexOf(text); at >= 0 && at < looked; at = node.indexOf(text, at + 1)) indices.push(at);
  } else {
    const least = node.count - looked;
    let at = node.lastIndexOf(text, node.count - 1);
    while (at >= least && at >= 0) {
      indices.push(at);
      at = at === 0 ? -1 : node.lastIndexOf(text, at - 1);
    }
  }
  return indices;
}
