/**
 * The smallest part of a list that still fails: halves are left out, then quarters, then single items, until none can be
 * spared any more.
 *
 *     ████████  ─▶  ████····  ─▶  ██······  ─▶  █·█·····  every probe is a crash, so big steps come first
 */

/** @param fails false also when the time is over: then what was reached so far is returned */
export async function ddmin<T>(
  items: readonly T[],
  fails: (kept: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  if (items.length === 0 || (await fails([]))) return [];
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); ; size = Math.ceil(size / 2)) {
    let isSmaller = true;
    while (isSmaller) {
      isSmaller = false;
      for (let start = 0; start < kept.length; ) {
        const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
        // Without any it does not fail: that was the first thing tried.
        if (rest.length > 0 && (await fails(rest))) {
          kept = rest;
          isSmaller = true;
        } else start += size;
      }
      // Single items are gone through until none can be spared; larger pieces once.
      if (size > 1) break;
    }
    if (size <= 1) return kept;
  }
}
