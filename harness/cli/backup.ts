/**
 * `lossbound backup`: takes a backup of a store that runs, as people do it, and names it only once it is complete.
 *
 *     redis://…  ──BGSAVE, copy──▶  BACKUPS/dump-….rdb + .sha256   ──▶  s3://BUCKET/PREFIX/…
 *                ──log, whole───▶  BACKUPS/aof-…/
 */
import { mkdirSync, realpathSync } from "node:fs";
import { type Command, Option } from "commander";
import { counted } from "../../reports/words.ts";
import { type BackupDone, backUp } from "../backup/back-up.ts";
import { BackupFailed } from "../backup/backup-world.ts";
import { OffSite, parseS3Url } from "../backup/off-site.ts";
import { realBackupWorld } from "../backup/real-backup-world.ts";
import { addressDefault, parseAddress, type StoreAddress } from "../backup/store-address.ts";
import { connectTo, type OracleConnection } from "../targets/resp-client.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { wholeNumber } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface BackupOptions {
  readonly from: string;
  readonly to: string;
  readonly data?: string;
  readonly what: "snapshot" | "log" | "both";
  readonly keepDays?: number;
  readonly offSite?: string;
  readonly s3Endpoint?: string;
  readonly json?: true;
}

export const backup: Verb = {
  name: "backup",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("backup")
      .summary("back up a store that runs")
      .description(
        "Takes a snapshot (BGSAVE, waits, copies it) and, where the store keeps a log, the log as a whole, with rewrites held off meanwhile. Each backup is synced, has a checksum file, and gets its name last: what has a name is complete.",
      )
      .requiredOption("--to <dir>", "the folder of backups")
      .option(
        "--from <address>",
        "redis://[user:password@]host:port or unix:/path; password also as REDISCLI_AUTH",
        addressDefault,
      )
      .option("--data <dir>", "the store's data folder as this machine sees it (default: what the store says)")
      .addOption(new Option("--what <kind>", "what is taken").choices(["snapshot", "log", "both"]).default("both"))
      .option("--keep-days <n>", "remove older backups, but never the last one", wholeNumber)
      .option("--off-site <url>", "also send it to s3://bucket/prefix; credentials as the AWS tools take them")
      .option("--s3-endpoint <url>", "an S3-compatible store that is not Amazon's")
      .option("--json", "what was done, as one JSON object")
      .addHelpText("after", examples)
      .action(async (options: BackupOptions) => {
        ends(await takeBackup(options, surroundings));
      });
  },
};

const examples = `
Examples:
  lossbound backup --to /backups --keep-days 14
  lossbound backup --from redis://db:6379 --data /mnt/redis-data --to /backups --what snapshot
  lossbound backup --to /backups --off-site s3://nightly/redis --s3-endpoint https://s3.example.net

A backup that was killed leaves no rewrite switched off for good: the next one finds its note, and switches back.
Exit codes: 0 taken, 2 wrong usage, 3 the store or the disk cannot, 130 interrupted
`;

async function takeBackup(options: BackupOptions, { out, err, interruption }: Surroundings): Promise<ExitCode> {
  const address = parseAddress(options.from);
  if (address === undefined)
    throw new Exit(exitCodes.usage, `expected redis://host:port or unix:/path, not ${options.from}`);
  const away = options.offSite === undefined ? undefined : parseS3Url(options.offSite);
  if (options.offSite !== undefined && away === undefined) {
    throw new Exit(exitCodes.usage, `expected s3://bucket/prefix, not ${options.offSite}`);
  }
  const { s3Endpoint: endpoint } = options;
  const offSite = away && (await OffSite.open({ ...away, ...(endpoint !== undefined && { endpoint }) }));
  const to = folderFor(options.to);
  const store = await connect(address, options.from);
  // The backup is told by its own next word to the store, and undoes what it did over a connection of its own.
  const interrupted = () => interruption.aborted;
  const world = realBackupWorld({
    send(request) {
      if (interrupted() && request[0] === "INFO")
        throw new Exit(exitCodes.interrupted, "interrupted: nothing was taken");
      return store.send(request);
    },
  });
  const say = (line: string) => err.stream.write(`${line}\n`);
  let done: BackupDone;
  try {
    const { what, data, keepDays } = options;
    const order = {
      to,
      what,
      ...(data !== undefined && { data: folderOf(data) }),
      ...(keepDays !== undefined && { keepDays }),
    };
    done = await backUp(world, order, say);
    for (const name of done.taken) await offSite?.send(to, name);
  } catch (error) {
    throw unableIf(error);
  } finally {
    store.close();
    offSite?.close();
  }
  if (options.json)
    out.stream.write(`${JSON.stringify({ folder: to, ...done, offSite: options.offSite ?? "" }, null, 2)}\n`);
  else out.stream.write(told(done, options));
  return exitCodes.held;
}

function told({ taken, removed }: BackupDone, { to, offSite }: BackupOptions): string {
  const lines = taken.map((name) => `${to}/${name}${offSite === undefined ? "" : `, and in ${offSite}`}`);
  if (removed.length > 0) lines.push(`removed ${counted(removed.length, "old backup")}`);
  return `${lines.join("\n")}\n`;
}

async function connect({ endpoint, user, password }: StoreAddress, from: string): Promise<OracleConnection> {
  let store: OracleConnection;
  try {
    store = await connectTo(endpoint);
  } catch (error) {
    throw new Exit(exitCodes.unable, `no store answers at ${from}: ${(error as Error).message}`);
  }
  const secret = password ?? process.env.REDISCLI_AUTH;
  if (secret === undefined) return store;
  const reply = await store.send(["AUTH", ...(user === undefined ? [] : [user]), secret]);
  if (reply.kind !== "error") return store;
  store.close();
  throw new Exit(exitCodes.unable, `the store refused us: ${reply.message}`);
}

function folderFor(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true });
    return realpathSync(dir);
  } catch (error) {
    throw new Exit(exitCodes.usage, `backups cannot be written to ${dir}: ${(error as Error).message}`);
  }
}

function folderOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch (error) {
    throw new Exit(exitCodes.usage, `${dir} is no data folder: ${(error as Error).message}`);
  }
}

/** What the disk or the store could not do; an error of our own stays one. */
function unableIf(error: unknown): unknown {
  if (error instanceof BackupFailed) return new Exit(exitCodes.unable, error.message);
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== undefined && code !== undefined) return new Exit(exitCodes.unable, `nothing was taken: ${message}`);
  if (error instanceof Error && /connection is closed/i.test(message)) {
    return new Exit(exitCodes.unable, "the store went away: nothing was taken");
  }
  return error;
}
