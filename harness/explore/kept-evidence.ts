/** A judged crash state of a recording, in the form in which bundles hold a crash of any kind. */
import type { LinkResult } from "../cycle.ts";
import type { Image } from "../disk/image.ts";
import type { Evidence } from "../oracle/evidence.ts";
import type { JudgedPair } from "./exploration.ts";

export interface KeptCrash {
  readonly pair: JudgedPair & { readonly evidence: Evidence };
  /** Counted from 0 along the chain. */
  readonly link: number;
  readonly historyFile: string;
  /** What a user finds there: of a recorded disk, the files on it. */
  readonly image: Image;
}

export function resultOf({ pair, link, historyFile, image }: KeptCrash): LinkResult {
  const { state, evidence, judgement } = pair;
  const { index, interval, last } = state.point;
  const point = {
    place: evidence.crash.place,
    operation: `power cut after ${last?.kind ?? "nothing"}`,
    path: (last !== undefined && "path" in last && last.path) || "",
    journalIndex: index,
    stampNs: interval.startNs,
  };
  const crashed = { cut: interval, point, fault: "power-cut", windows: [], image } as const;
  return { link, state: crashed, historyFile, evidence, judgement };
}
