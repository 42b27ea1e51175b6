/**
 * Is this the answer that the model gives? Protocols differ in form, not in meaning: RESP2 sends a double as text, and
 * an error's wording is a store's own affair.
 */
import type { Reply } from "../recording/history.ts";
import type { ExpectedReply } from "./operation.ts";

export function matchesReply(expected: ExpectedReply, told: Reply): boolean {
  switch (expected.kind) {
    case "any":
      return true;
    case "such-that":
      return expected.holds(told);
    case "nil":
      return told.kind === "nil";
    case "error":
      return told.kind === "error";
    case "string":
      return told.kind === "string" && told.value === expected.value;
    case "integer":
      return told.kind === "integer" && told.value === expected.value;
    case "double":
      return numberOf(told) === expected.value;
    case "array": {
      if (told.kind !== "array" || told.items.length !== expected.items.length) return false;
      return expected.items.every((item, index) => matchesReply(item, told.items[index] as Reply));
    }
    case "nested": {
      const found = textsIn(told);
      return found.length === expected.texts.length && found.every((text, index) => text === expected.texts[index]);
    }
    case "unordered":
      return told.kind === "array" && sameGroups(expected.items, told.items, expected.groupsOf);
  }
}

/** As a person would write it down. */
export function describeExpected(expected: ExpectedReply): string {
  switch (expected.kind) {
    case "any":
      return "anything";
    case "such-that":
      return expected.text;
    case "unordered":
      return `in any order ${describeReply({ kind: "array", items: expected.items })}`;
    case "nested":
      return `nested ${expected.texts.map((text) => JSON.stringify(text)).join(", ")}`;
    case "nil":
    case "error":
    case "string":
    case "integer":
    case "double":
    case "array":
      return describeReply(expected);
  }
}

/** As redis-cli prints it, on one line. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case "nil":
      return "(nil)";
    case "error":
      return `(error) ${reply.message}`;
    case "string":
      return reply.value === "OK" ? "OK" : JSON.stringify(reply.value);
    case "integer":
      return `(integer) ${reply.value}`;
    case "double":
      return `(double) ${reply.value}`;
    case "array":
      return `[${reply.items.map(describeReply).join(", ")}]`;
  }
}

function textsIn(told: Reply): readonly string[] {
  if (told.kind === "array") return told.items.flatMap(textsIn);
  return told.kind === "string" ? [told.value] : [];
}

function numberOf(told: Reply): number | undefined {
  if (told.kind === "double" || told.kind === "integer") return told.value;
  if (told.kind !== "string") return undefined;
  const lower = told.value.toLowerCase();
  if (lower === "inf") return Number.POSITIVE_INFINITY;
  return lower === "-inf" ? Number.NEGATIVE_INFINITY : Number(told.value);
}

function sameGroups(expected: readonly Reply[], told: readonly Reply[], groupsOf: number): boolean {
  const one = groups(expected, groupsOf);
  const other = groups(told, groupsOf);
  return one.length === other.length && one.every((group, index) => group === other[index]);
}

function groups(items: readonly Reply[], groupsOf: number): string[] {
  const texts: string[] = [];
  for (let index = 0; index < items.length; index += groupsOf) {
    texts.push(JSON.stringify(items.slice(index, index + groupsOf)));
  }
  return texts.sort();
}
