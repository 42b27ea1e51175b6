/**
 * What a number of trials says about a rate. The trials are recordings or live kills, never the crash states of one
 * recording, which are not independent (N4).
 */

/**
 * The upper end of the one-sided 95 % Clopper–Pearson interval: the highest rate at which seeing no more than `violated`
 * in `trials` would still happen once in twenty times. 1 when nothing was tried.
 */
export function rateUpper95(violated: number, trials: number): number {
  if (violated >= trials) return 1;
  let low = violated / trials;
  let high = 1;
  // The probability falls as the rate rises; 60 halvings are more than a double can tell apart.
  for (let step = 0; step < 60; step++) {
    const rate = (low + high) / 2;
    if (atMost(violated, trials, rate) > 0.05) low = rate;
    else high = rate;
  }
  return high;
}

/** The probability of at most `violated` in `trials` at `rate`, summed from logarithms: no factorial overflows. */
function atMost(violated: number, trials: number, rate: number): number {
  let logChoose = 0;
  let sum = 0;
  for (let count = 0; count <= violated; count++) {
    if (count > 0) logChoose += Math.log(trials - count + 1) - Math.log(count);
    sum += Math.exp(logChoose + count * Math.log(rate) + (trials - count) * Math.log1p(-rate));
  }
  return sum;
}

/** The value below which `share` of the values lie; 0 when there are none. Sorts a copy. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The same for values that do not weigh alike; a value of weight 0 does not count. */
export function weightedPercentile(
  values: readonly { readonly value: number; readonly weight: number }[],
  share: number,
): number {
  const sorted = values.filter(({ weight }) => weight > 0).sort((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  for (const { value, weight } of sorted) {
    below += weight;
    if (below >= share * total) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}

/** Quantiles 0.975 of Student's distribution for 1, 2, … degrees of freedom; beyond them the normal one is near enough. */
const student975 = [
  12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
];

/** The mean, and the 95 % interval that these values leave for it. Of one value nothing is known: from 0 to infinity. */
export function meanInterval95(values: readonly number[]): {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
} {
  const mean = values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, low: 0, high: Number.MAX_VALUE };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (student975[values.length - 2] ?? 1.96) * Math.sqrt(variance / values.length);
  return { mean, low: Math.max(0, mean - half), high: mean + half };
}
