/**
 * The script in a bundle that shows the finding without lossbound: it starts the store on a copy of the files and asks
 * for the keys that matter, beside what a correct store would answer. A shell, the store and redis-cli are all it needs.
 */
import { storyOf } from "../../reports/story.ts";
import type { BundleHeader } from "./bundle.ts";

export function reproScript(header: BundleHeader): string {
  const { target, findings } = header;
  const { name, version } = target.store;
  const executable = target.kind === "executable" && target.name.startsWith("/") ? target.name : "redis-server";
  return `#!/bin/sh
# Starts the store on the files that a crash left, and shows what is wrong with them.
# The finding was made on ${oneLine(`${name} ${version}`)}.
# Another store: STORE=/path/to/server ./repro.sh      Another client: REDIS_CLI=/path/to/redis-cli
set -eu
here=$(cd "$(dirname "$0")" && pwd)
store=\${STORE:-${executable}}
cli=\${REDIS_CLI:-redis-cli}
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill -9 "$pid" 2> /dev/null || true; fi; rm -rf "$work"' EXIT

cp -R "$here/image" "$work/data"
{
  cat "$here/store.conf"
  printf 'dir "%s"\\nport 0\\nunixsocket "%s"\\ndaemonize no\\nlogfile ""\\n' "$work/data" "$work/s"
} > "$work/store.conf"
"$store" "$work/store.conf" > "$work/log" 2>&1 &
pid=$!

ask() { printf '%s\\n' "$2" | "$cli" -s "$work/s" -n "$1" 2>&1; }
until [ "$(ask 0 PING)" = PONG ]; do
  if ! kill -0 "$pid" 2> /dev/null; then
    pid=
    echo 'The store does not start on these files. Its last words:'
    tail -n 5 "$work/log"
    exit 1
  fi
  sleep 0.1
done

${findings.flatMap(({ message, evidence }) => [quoted(message), ...storyOf(evidence).keys.flatMap(askFor)]).join("\n")}
`;
}

/** What the store answers for a key, under what the history says that it must be. */
function askFor({ database, key, expected }: { database: number; key: string; expected: string }): string[] {
  // A name too long to print whole cannot be asked for; the history has it.
  if (key.includes("…(")) return [];
  const ask = (request: string) => `ask ${database} ${shellWord(request)}`;
  const typed = `$(ask ${database} ${shellWord(`TYPE ${key}`)})`;
  return [
    "echo",
    quoted(`${key} in database ${database}, expected: ${expected}`),
    `case "${typed}" in`,
    `  *string) ${ask(`GET ${key}`)} ;;`,
    `  *list) ${ask(`LRANGE ${key} 0 -1`)} ;;`,
    `  *hash) ${ask(`HGETALL ${key}`)} ;;`,
    `  *zset) ${ask(`ZRANGE ${key} 0 -1 WITHSCORES`)} ;;`,
    `  *set) ${ask(`SMEMBERS ${key}`)} ;;`,
    `  *stream) ${ask(`XRANGE ${key} - +`)} ;;`,
    "  *) echo '(nothing)' ;;",
    "esac",
    ask(`PTTL ${key}`).replace(/^/, "printf 'time to live in ms: '; "),
  ];
}

function quoted(text: string): string {
  return `printf '%s\\n' ${shellWord(oneLine(text))}`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
