/**
 * How long calls of a command took: counts by microseconds, exact up to 127 and within 1.6 % above.
 *
 *     bucket   0 … 127          128 … 191            192 … 255            …
 *     µs       one each         128–255, by 2        256–511, by 4        64 buckets a power of two
 */

const exactMax = 128;
const bucketsPerPower = 64;
const longestUs = 2 ** 31 - 1;
const bucketCount = exactMax + 24 * bucketsPerPower;

export class LatencyHistogram {
  /** Up to the longest one met: most commands of most servers need little. */
  private readonly counts: number[] = [];
  count = 0;

  add(microseconds: number): void {
    const bucket = bucketOf(Math.min(microseconds, longestUs) | 0);
    while (bucket >= this.counts.length) this.counts.push(0);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
  }

  /** So many per cent of the calls took no longer, in microseconds. */
  percentile(percent: number): number {
    let left = Math.max(1, Math.ceil((this.count * percent) / 100));
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      left -= this.countIn(bucket);
      if (left <= 0) return longestOf(bucket);
    }
    return 0;
  }

  /** How many calls took no longer than each power of two, up to the first one that none exceeds. */
  byPowers(): [microseconds: number, count: number][] {
    const powers: [number, number][] = [];
    let counted = 0;
    let bucket = 0;
    for (let power = 1; counted < this.count; power *= 2) {
      const before = counted;
      for (; bucket < bucketCount && longestOf(bucket) <= power; bucket++) counted += this.countIn(bucket);
      if (counted > before || (powers.length > 0 && counted < this.count)) powers.push([power, counted]);
    }
    return powers;
  }

  private countIn(bucket: number): number {
    return this.counts[bucket] ?? 0;
  }
}

function bucketOf(microseconds: number): number {
  if (microseconds < exactMax) return microseconds;
  const shift = 25 - Math.clz32(microseconds);
  return exactMax + (shift - 1) * bucketsPerPower + (microseconds >> shift) - bucketsPerPower;
}

/** The longest time that falls into a bucket. */
function longestOf(bucket: number): number {
  if (bucket < exactMax) return bucket;
  const shift = Math.floor((bucket - exactMax) / bucketsPerPower) + 1;
  const first = ((bucket - exactMax) % bucketsPerPower) + bucketsPerPower;
  return (first + 1) * 2 ** shift - 1;
}
