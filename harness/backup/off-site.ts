/**
 * A copy elsewhere: an S3-compatible store of objects. A backup is only sent once it is complete here, and there too its
 * checksums come last: what has no checksums there was never sent to its end.
 *
 *     s3://BUCKET/PREFIX/dump-20261122-235900.rdb          then …rdb.sha256
 *     s3://BUCKET/PREFIX/aof-20261122-235900/…             then …/SHA256SUMS
 *
 * The client is Amazon's own, and is not installed with lossbound: most people never need its 20 MB.
 */
import { createReadStream, createWriteStream, mkdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type * as S3 from "@aws-sdk/client-s3";
import { TargetUnavailable } from "../targets/target.ts";
import { BackupFailed, BrokenBackup } from "./backup-world.ts";
import { parseChecksums } from "./checksums.ts";
import { parseBackupName, sumFileOf, sumsName } from "./names.ts";

const objectBytesMax = 5 * 1024 ** 3;
const attemptsMax = 3;
const ignore = () => undefined;

export interface OffSitePlace {
  readonly bucket: string;
  /** Without a slash at its end; may be empty. */
  readonly prefix: string;
  /** Absent: Amazon's own. */
  readonly endpoint?: string;
}

/** Undefined when it is no `s3://BUCKET[/PREFIX]`. */
export function parseS3Url(text: string): Omit<OffSitePlace, "endpoint"> | undefined {
  const [, bucket, prefix = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: prefix.replace(/\/+$/, "") };
}

export class OffSite {
  private readonly sdk: typeof S3;
  private readonly client: S3.S3Client;
  private readonly place: OffSitePlace;

  private constructor(sdk: typeof S3, place: OffSitePlace) {
    this.sdk = sdk;
    this.place = place;
    this.client = new sdk.S3Client({
      region: process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1",
      // Other makers' stores know no bucket in the host's name, and no checksum behind a body.
      ...(place.endpoint !== undefined && { endpoint: place.endpoint, forcePathStyle: true }),
      // What goes wrong is told by us, once.
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore },
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  /** @throws TargetUnavailable when the client is not installed */
  static async open(place: OffSitePlace): Promise<OffSite> {
    return new OffSite(await loadSdk(), place);
  }

  /** @param name of a complete backup in `dir`. @throws BackupFailed */
  async send(dir: string, name: string): Promise<void> {
    const isLog = parseBackupName(name)?.kind === "log";
    const sums = isLog ? `${name}/${sumsName}` : sumFileOf(name);
    const files = isLog ? await listedIn(path.join(dir, sums), `${name}/`) : [name];
    for (const file of [...files, sums]) await this.put(path.join(dir, file), file);
  }

  /** Fetches a backup into a folder here. @throws BrokenBackup when it was never sent to its end */
  async fetch(name: string, dir: string): Promise<void> {
    const isLog = parseBackupName(name)?.kind === "log";
    const sums = isLog ? `${name}/${sumsName}` : sumFileOf(name);
    if (isLog) mkdirSync(path.join(dir, name));
    await this.get(sums, path.join(dir, sums));
    const files = isLog ? await listedIn(path.join(dir, sums), `${name}/`) : [name];
    for (const file of files) await this.get(file, path.join(dir, file));
  }

  close(): void {
    this.client.destroy();
  }

  private async put(file: string, name: string): Promise<void> {
    const { size } = statSync(file);
    if (size > objectBytesMax) {
      throw new BackupFailed(`${file} has more than 5 GB, which is no single object: send it with the AWS tools`);
    }
    const where = { Bucket: this.place.bucket, Key: this.keyOf(name), ContentLength: size };
    // The client sends a stream once: for another attempt the file is opened again.
    for (let attempt = 1; ; attempt++) {
      try {
        await this.ask(new this.sdk.PutObjectCommand({ ...where, Body: createReadStream(file) }), name);
        return;
      } catch (error) {
        if (attempt === attemptsMax || !(error instanceof BackupFailed)) throw error;
        await sleep(attempt * 500);
      }
    }
  }

  private async get(name: string, file: string): Promise<void> {
    const command = new this.sdk.GetObjectCommand({ Bucket: this.place.bucket, Key: this.keyOf(name) });
    const reply = (await this.ask(command, name)) as S3.GetObjectCommandOutput;
    if (!(reply.Body instanceof Readable)) throw new BrokenBackup(`${this.urlOf(name)} has no content`);
    await pipeline(reply.Body, createWriteStream(file, { flags: "wx" }));
  }

  private async ask(command: S3.PutObjectCommand | S3.GetObjectCommand, name: string): Promise<unknown> {
    try {
      return await this.client.send(command as S3.GetObjectCommand);
    } catch (error) {
      const { name: kind, message } = error as Error;
      if (kind === "NoSuchKey" || kind === "NotFound") throw new BrokenBackup(`there is no ${this.urlOf(name)}`);
      throw new BackupFailed(`${this.urlOf(name)}: ${message || kind}`);
    }
  }

  private keyOf(name: string): string {
    return this.place.prefix === "" ? name : `${this.place.prefix}/${name}`;
  }

  private urlOf(name: string): string {
    return `s3://${this.place.bucket}/${this.keyOf(name)}`;
  }
}

async function listedIn(sumFile: string, prefix: string): Promise<string[]> {
  return [...parseChecksums(await readFile(sumFile, "utf8"), sumFile).keys()].map((name) => prefix + name);
}

async function loadSdk(): Promise<typeof S3> {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new TargetUnavailable("for s3:// the package @aws-sdk/client-s3 is needed: npm install @aws-sdk/client-s3");
  }
}
