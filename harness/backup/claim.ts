/**
 * Who is at work in a folder of backups, and what has to be undone should he die: one small file, `.lossbound-backup`.
 *
 *     made       nobody else begins
 *     replaced   before anything is changed that would outlive us: the store's setting, links in its data folder
 *     removed    when all of it was undone
 *
 * Whoever finds one of a process that is dead undoes what it says, and takes the folder over.
 */
import { posix as path } from "node:path";
import { z } from "zod";
import { BackupFailed, type BackupWorld } from "./backup-world.ts";
import { partialPrefix } from "./names.ts";
import { readDirective, sendOrFail } from "./store-words.ts";

export const claimName = ".lossbound-backup";

const heldSchema = z.strictObject({
  directive: z.string(),
  /** What it was before. */
  value: z.string(),
  /** Of the process that was told: another one has read its config file anew. */
  runId: z.string(),
  /** Links to the store's files, on its own file system; empty when there are none. */
  links: z.string(),
});

const claimSchema = z.strictObject({
  what: z.literal("lossbound backup"),
  owner: z.string(),
  held: heldSchema.optional(),
});

export type Held = z.output<typeof heldSchema>;

export class Claim {
  private readonly world: BackupWorld;
  private readonly dir: string;
  private held: Held | undefined;

  private constructor(world: BackupWorld, dir: string) {
    this.world = world;
    this.dir = dir;
  }

  /** @throws BackupFailed when somebody else is at work there */
  static async take(world: BackupWorld, dir: string, say: (line: string) => void): Promise<Claim> {
    const claim = new Claim(world, dir);
    const { files } = world;
    if (!(await files.claim(claim.file, claim.text()))) await claim.takeOver(say);
    await files.sync(claim.file);
    await files.sync(dir);
    for (const name of await files.list(dir)) {
      if (name.startsWith(partialPrefix)) await files.remove(path.join(dir, name));
    }
    return claim;
  }

  /** Safe on the disk before it resolves: what it says may then be done. */
  async note(held: Held | undefined): Promise<void> {
    this.held = held;
    const { files } = this.world;
    const fresh = path.join(this.dir, `${partialPrefix}claim`);
    await files.writeText(fresh, this.text(held));
    await files.sync(fresh);
    await files.rename(fresh, this.file);
    await files.sync(this.dir);
  }

  /** Where something is still to be undone it stays, for the next one. */
  async release(): Promise<void> {
    if (this.held !== undefined) return;
    await this.world.files.remove(this.file);
    await this.world.files.sync(this.dir);
  }

  private get file(): string {
    return path.join(this.dir, claimName);
  }

  private text(held?: Held): string {
    return `${JSON.stringify({ what: "lossbound backup", owner: this.world.self, ...(held && { held }) })}\n`;
  }

  private async takeOver(say: (line: string) => void): Promise<void> {
    const { files } = this.world;
    const found = readClaim((await files.readText(this.file)) ?? "", this.file);
    if (found !== undefined && found.owner !== this.world.self && this.world.lives(found.owner)) {
      throw new BackupFailed(`another backup is under way in ${this.dir} (${found.owner}): wait for it, or end it`);
    }
    if (found?.held !== undefined) await undo(this.world, found.held, say);
    await this.note(undefined);
  }
}

/** Undefined for one that was made and never filled: its owner had not begun. */
function readClaim(text: string, file: string): z.output<typeof claimSchema> | undefined {
  if (text.trim() === "") return undefined;
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BackupFailed(`${file} is not ours, or damaged (${(error as Error).message}): remove it by hand`);
  }
}

/** Only where it is still as the backup left it: what somebody set since is his. */
export async function undo(world: BackupWorld, held: Held, say: (line: string) => void): Promise<void> {
  const { directive, value, runId, links } = held;
  const isSameProcess = (await runIdOf(world)) === runId;
  if (isSameProcess && (await readDirective(world, directive)) === "0") {
    await sendOrFail(world, ["CONFIG", "SET", directive, value]);
    say(`a backup died here: ${directive} is ${value} again`);
  }
  if (links !== "") await world.files.remove(links);
}

export async function runIdOf(world: BackupWorld): Promise<string> {
  const reply = await world.store.send(["INFO", "server"]);
  const text = reply.kind === "string" ? reply.value : "";
  return /^run_id:(\S+)/m.exec(text)?.[1] ?? "";
}
