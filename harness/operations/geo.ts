/**
 * Places on the earth: a sorted set whose scores are geohashes.
 *
 *     longitude   −180 … 180              26 bits   x x x x …
 *     latitude    −85.05112878 … +…       26 bits   y y y y …        score: x y x y … as a number of 52 bits
 */
import type { Bytes } from "../recording/history.ts";
import { defineFamily, floatNumber, refuses } from "./define.ts";
import { add } from "./sorted-sets.ts";

const longitudeMax = 180;
const latitudeMax = 85.05112878;
const bitsEach = 26;

export const geo = defineFamily("sorted-sets", {
  GEOADD: {
    weight: 2,
    generate: (pool) => {
      // Thousandths of a degree, the poles left out: there the earth is not mapped.
      const place = () => [
        (pool.random.below(360_001) - 180_000) / 1_000,
        (pool.random.below(170_001) - 85_000) / 1_000,
      ];
      const places = Array.from({ length: pool.count(2) }, () => [...place().map(String), pool.member()]);
      return [pool.key("zset"), ...places.flat()];
    },
    step: (model, [key = "", ...words]) => {
      const scored: Bytes[] = [];
      for (let at = 0; at < words.length; at += 3) {
        const [longitude = "", latitude = "", member = ""] = words.slice(at, at + 3);
        scored.push(String(scoreOf(floatNumber(longitude), floatNumber(latitude))), member);
      }
      return add(model, key, scored);
    },
  },
});

function scoreOf(longitude: number, latitude: number): number {
  if (Math.abs(longitude) > longitudeMax || Math.abs(latitude) > latitudeMax) refuses("ERR invalid longitude,latitude");
  const x = cellOf(longitude, longitudeMax);
  const y = cellOf(latitude, latitudeMax);
  let score = 0;
  for (let bit = bitsEach - 1; bit >= 0; bit--) score = score * 4 + ((x >> bit) & 1) * 2 + ((y >> bit) & 1);
  return score;
}

/** The easternmost meridian has no cell of its own; the store's arithmetic runs over into the next bit, which is cut. */
function cellOf(degrees: number, most: number): number {
  return Math.trunc(((degrees + most) / (2 * most)) * 2 ** bitsEach);
}
