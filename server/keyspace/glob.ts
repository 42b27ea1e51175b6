/**
 * Glob patterns as KEYS, SCAN MATCH and PSUBSCRIBE understand them.
 *
 *     h?llo      one character             h[ae]llo   one of these        h[^e]llo   none of these
 *     h*llo      any number of them        h[a-c]llo  one of a range      h\*llo     the star itself
 *
 * Two pointers instead of recursion: on a mismatch only the last star takes one character more, so a pattern of many
 * stars costs at most the product of both lengths.
 */

/** True when the whole text matches. */
export function globMatches(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let position = 0;
  while (position < text.length) {
    if (glob[at] === "*") {
      star = at++;
      starAt = position;
      continue;
    }
    const next = at < glob.length ? matchOne(glob, at, text.charCodeAt(position)) : -1;
    if (next >= 0) {
      at = next;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++starAt;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at >= glob.length;
}

/** Where the pattern goes on when the item at `at` matches the character; −1 when it does not. */
function matchOne(glob: string, at: number, code: number): number {
  const item = glob[at];
  if (item === "?") return at + 1;
  if (item === "[") return matchClass(glob, at, code);
  // A backslash at the very end stands for itself.
  const literal = item === "\\" && at + 1 < glob.length ? at + 1 : at;
  return glob.charCodeAt(literal) === code ? literal + 1 : -1;
}

function matchClass(glob: string, start: number, code: number): number {
  let at = start + 1;
  const negated = glob[at] === "^";
  if (negated) at++;
  let found = false;
  for (;;) {
    // A class that is never closed ends with the pattern.
    if (at >= glob.length) break;
    if (glob[at] === "]") {
      at++;
      break;
    }
    if (glob[at] === "\\" && at + 1 < glob.length) {
      found ||= glob.charCodeAt(at + 1) === code;
      at += 2;
    } else if (glob[at + 1] === "-" && at + 2 < glob.length) {
      const ends = [glob.charCodeAt(at), glob.charCodeAt(at + 2)];
      found ||= code >= Math.min(...ends) && code <= Math.max(...ends);
      at += 3;
    } else {
      found ||= glob.charCodeAt(at) === code;
      at++;
    }
  }
  return found !== negated ? at : -1;
}
