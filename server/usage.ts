/** What `lossbound-server --help` and `--version` print. */
import { lossboundVersion, redisVersion } from "./version.ts";

export const usage = `Usage: lossbound-server [CONF] [-] [--directive value …]

The store that comes with lossbound: compatible with Redis ${redisVersion}, in one process, its data in one folder.

  CONF                  a file in the syntax of redis.conf
  -                     reads further lines of it from standard input
  --directive value …   as a line of the file; later ones win

What it is mostly told:

  --port 6379           where it listens; 0: not over TCP
  --bind 127.0.0.1      on which addresses; this machine's own unless told otherwise
  --unixsocket PATH     listens there too
  --dir FOLDER          where its data is; this folder unless told otherwise
  --appendonly yes      logs every change
  --appendfsync POLICY  when the log is synced: always, everysec, no
  --save "60 1000"      saves a snapshot after so many seconds with so many changes; "" for never
  --requirepass WORD    asks clients for a password

  --help, -h            prints this
  --version, -v         prints the versions

It ends with SHUTDOWN, SIGTERM or SIGINT, and with exit code 1 where it cannot start; what was wrong is said last.

Examples:
  lossbound-server
  lossbound-server store.conf --port 7777
  lossbound-server --dir /var/lib/store --appendonly yes --appendfsync always
`;

export const versionLine = `lossbound-server ${lossboundVersion}, compatible with Redis ${redisVersion}\n`;
