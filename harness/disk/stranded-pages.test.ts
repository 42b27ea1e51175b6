import { expect } from "chai";
import { ScriptedDisk } from "../../tests/disk/scripted-disk.ts";
import { type Random, randomFrom } from "../random.ts";
import { Timeline } from "./timeline.ts";
import { pageBytes } from "./units.ts";

const baseSeed = process.env.SEED ?? String(Date.now());

/** A page cache as the kernel has it: clean and dirty pages, and a disk behind it that a failed sync does not reach. */
class PageCache {
  disk = Buffer.alloc(0);
  #cache = Buffer.alloc(0);
  readonly #dirty = new Set<number>();
  /** On their way to the disk, as they were when the sync started. */
  readonly #written = new Map<number, Buffer>();

  write(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length;
    if (end > this.#cache.length) this.#cache = Buffer.concat([this.#cache, Buffer.alloc(end - this.#cache.length)]);
    bytes.copy(this.#cache, offset);
    for (let page = Math.floor(offset / pageBytes); page * pageBytes < end; page++) this.#dirty.add(page);
  }

  syncStart(): void {
    for (const page of this.#dirty) {
      this.#written.set(page, Buffer.from(this.#cache.subarray(page * pageBytes, (page + 1) * pageBytes)));
    }
    this.#dirty.clear();
  }

  syncEnd(ok: boolean): void {
    for (const [page, bytes] of ok ? this.#written : []) {
      const end = page * pageBytes + bytes.length;
      if (end > this.disk.length) this.disk = Buffer.concat([this.disk, Buffer.alloc(end - this.disk.length)]);
      bytes.copy(this.disk, page * pageBytes);
    }
    this.#written.clear();
  }
}

function act(random: Random, disk: ScriptedDisk, cache: PageCache): void {
  if (random.chance(0.45)) {
    const ok = random.chance(0.5);
    if (disk.isSyncing("file")) {
      disk.syncEnd("file", ok);
      cache.syncEnd(ok);
    } else {
      disk.syncStart("file");
      cache.syncStart();
    }
    return;
  }
  const size = disk.sizeOf("file");
  const offset = random.chance(0.7) ? size : random.below(size + 1);
  const text = String.fromCharCode(0x61 + random.below(26)).repeat(1 + random.below(random.pick([10, 3000, 9000])));
  disk.write("file", text, offset);
  cache.write(offset, Buffer.from(text));
}

describe("what a failed sync strands", () => {
  it("is what a page cache would never write again", () => {
    let differed = 0;
    for (let count = 0; count < 300; count++) {
      const seed = `${baseSeed}/${count}`;
      const random = randomFrom(seed);
      const disk = new ScriptedDisk();
      const cache = new PageCache();
      disk.create("file");
      for (let steps = 2 + random.below(14); steps > 0; steps--) act(random, disk, cache);
      if (disk.isSyncing("file")) {
        disk.syncEnd("file", false);
        cache.syncEnd(false);
      }
      disk.sync("file");
      cache.syncStart();
      cache.syncEnd(true);

      const pointIndex = disk.journal.records.length;
      const track = new Timeline(disk.journal).track(2, pointIndex, "old");
      const view = track.view({ upTo: track.ops.length });
      const bytes = Buffer.from(view.read(0, view.sizeBytes));
      expect(bytes.equals(cache.disk), `SEED=${baseSeed}, ${count}`).to.equal(true);
      if (!bytes.equals(liveBytes(disk))) differed++;
    }
    expect(differed).to.be.greaterThan(50);
  });
});

function liveBytes(disk: ScriptedDisk): Buffer {
  const track = new Timeline(disk.journal).track(2, disk.journal.records.length, "new");
  const view = track.view({ upTo: track.ops.length });
  return Buffer.from(view.read(0, view.sizeBytes));
}
