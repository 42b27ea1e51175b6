/**
 * Plays plans whose fault is a power cut: records each, and looks for a crash state of it that fails in the same way. The
 * links before the last end in a crash that is drawn, as in any chain.
 */
import type { DiskModel } from "../disk/disk-model.ts";
import type { Image } from "../disk/image.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { Explorable, KeptRecording, LaterLink, Recoverer } from "../explore/explorable.ts";
import { drawCrash, type ExplorationOrder, exploreRecording } from "../explore/exploration.ts";
import { mildestOf } from "../explore/grades.ts";
import { resultOf } from "../explore/kept-evidence.ts";
import { withoutWhatKillsTook } from "../explore/killed-calls.ts";
import { forgetRecording } from "../explore/recorded-process.ts";
import type { Finding } from "../oracle/checker.ts";
import type { PresetPromise } from "../oracle/evidence.ts";
import type { Plan } from "../plan.ts";
import { randomFrom } from "../random.ts";
import { writeHistoryFile } from "../recording/history-file.ts";
import type { RunFolder } from "../run-folder.ts";
import type { Config, StoreIdentity } from "../targets/target.ts";
import { type JudgedByBoot, narrow } from "./narrow.ts";
import type { Failure, Player } from "./player.ts";
import { findingOf, type Trouble } from "./trouble.ts";

export interface ExploredOrder {
  readonly world: Explorable;
  readonly run: RunFolder;
  readonly store: StoreIdentity;
  readonly promise: PresetPromise;
  readonly documentedCounts: boolean;
  readonly trouble: Trouble;
  readonly models: readonly DiskModel[];
  readonly setsMax: number;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

export class ExploredPlayer implements Player {
  readonly isExact: boolean;
  private readonly order: ExploredOrder;
  private recoverer: { readonly config: string; readonly of: Recoverer } | undefined;

  constructor(order: ExploredOrder) {
    this.order = order;
    this.isExact = order.world.engine === "simulated";
  }

  async play(plan: Plan, untilMs: number): Promise<Failure | undefined> {
    const { world } = this.order;
    const made: KeptRecording[] = [];
    let isKept = false;
    try {
      const recoverer = await this.recovererFor(plan.config);
      let later: LaterLink | undefined;
      for (let link = 0; link < plan.links.length - 1; link++) {
        const kept = await world.record(plan, later);
        made.push(kept);
        const crash = await drawCrash(this.explorationOf(plan, link, kept, recoverer, untilMs), () => undefined);
        if (crash === undefined || crash.pair.judgement.recoveryPoint === undefined) return undefined;
        later = { link: link + 1, image: await this.filesOf(crash.pair.state.image()) };
      }
      const last = await world.record(plan, later);
      made.push(last);
      const failure = await this.firstFailure(plan, last, recoverer, untilMs);
      isKept = failure !== undefined;
      return failure;
    } catch (error) {
      if (error instanceof VolumeUnavailable) throw error;
      // What cannot be played any more is no smaller plan: a store that ends by itself, calls that make no sense.
      if (error instanceof Error) return undefined;
      throw error;
    } finally {
      for (const each of isKept ? made.slice(0, -1) : made) await forget(each);
    }
  }

  /** A failure that was there before the search: the recording of its last link, and what failed in it. */
  async known(plan: Plan, kept: KeptRecording, pair: JudgedByBoot): Promise<Failure | undefined> {
    const finding = findingOf(pair.judgement, this.order.trouble);
    if (finding === undefined) return undefined;
    return this.failureOf(plan, kept, pair, finding);
  }

  /** The same, where only the recording was kept: the first crash state of it that is tried and fails. */
  async failureIn(plan: Plan, kept: KeptRecording, untilMs: number): Promise<Failure | undefined> {
    return this.firstFailure(plan, kept, await this.recovererFor(plan.config), untilMs);
  }

  async close(): Promise<void> {
    await this.recoverer?.of.close();
  }

  private async firstFailure(
    plan: Plan,
    kept: KeptRecording,
    recoverer: Recoverer,
    untilMs: number,
  ): Promise<Failure | undefined> {
    const found = new AbortController();
    const signal = AbortSignal.any([this.order.signal, found.signal]);
    const order = { ...this.explorationOf(plan, plan.links.length - 1, kept, recoverer, untilMs), signal };
    let failed: { pair: JudgedByBoot; finding: Finding } | undefined;
    await exploreRecording(order, (pair) => {
      const finding = findingOf(pair.judgement, this.order.trouble);
      if (failed !== undefined || finding === undefined || pair.evidence === undefined) return;
      failed = { pair: { ...pair, evidence: pair.evidence }, finding };
      found.abort();
    });
    return failed && this.failureOf(plan, kept, failed.pair, failed.finding);
  }

  private async failureOf(
    plan: Plan,
    kept: KeptRecording,
    pair: JudgedByBoot,
    finding: Finding,
    lostOperations?: number,
  ): Promise<Failure> {
    const historyFile = this.order.run.newFile("history", "jsonl");
    writeHistoryFile(historyFile, pair.evidence.history);
    const link = plan.links.length - 1;
    const image = inMemory(await this.filesOf(pair.state.image()));
    return {
      plan,
      finding,
      result: resultOf({ pair, link, historyFile, image }),
      crash: {
        pointIndex: pair.state.point.index,
        model: mildestOf(pair.state.models).name,
        ...(lostOperations !== undefined && { lostOperations }),
      },
      narrowed: async (untilMs) => {
        const recoverer = await this.recovererFor(plan.config);
        const order = this.explorationOf(plan, link, kept, recoverer, untilMs);
        const { trouble } = this.order;
        const { pair: smaller, lostOperations: lost } = await narrow(pair, order, trouble, untilMs);
        return this.failureOf(plan, kept, smaller, findingOf(smaller.judgement, trouble) ?? finding, lost);
      },
      release: () => forget(kept),
    };
  }

  private explorationOf(
    plan: Plan,
    link: number,
    { recording }: KeptRecording,
    recoverer: Recoverer,
    deadlineMs: number,
  ): ExplorationOrder {
    const { store, promise, documentedCounts, models, setsMax, jobs, signal } = this.order;
    const random = randomFrom(plan.seed).fork(`shrink ${plan.cycle} link ${link}`);
    const { config } = plan;
    const judged = withoutWhatKillsTook(recording, promise);
    return {
      ...{ recording: judged, config, promise, documentedCounts, models, setsMax, random, store },
      // No index: it acquits, and a search is for what fails.
      ...{ failsUpTo: "adversarial", sampleMax: 0 },
      ...{ recoverer, jobs, deadlineMs, signal },
    };
  }

  private async filesOf(disk: Image): Promise<Image> {
    return (await this.order.world.filesIn?.(disk)) ?? disk;
  }

  private async recovererFor(config: Config): Promise<Recoverer> {
    const text = JSON.stringify(config);
    if (this.recoverer?.config === text) return this.recoverer.of;
    await this.recoverer?.of.close();
    const of = await this.order.world.recoverer(config, this.order.jobs);
    this.recoverer = { config: text, of };
    return of;
  }
}

async function forget({ close, dir }: KeptRecording): Promise<void> {
  await close();
  if (dir !== undefined) forgetRecording(dir);
}

/** The journal that the bytes come from is given back. */
function inMemory(image: Image): Image {
  return new Map(
    [...image].map(([path, node]) => [path, node.kind === "file" ? { kind: "file", bytes: node.bytes } : node]),
  );
}
