/**
 * Uses up the memory that a store's container may have, until the kernel ends the store. Nothing is written to it that
 * anybody would read back: a command is begun that never ends, and the store has to hold what it has of it.
 *
 *     *2 GET $536870912 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…        the query buffer grows, the keyspace does not
 */
import { connect, type Socket } from "node:net";
import type { Instance } from "../targets/target.ts";

/** The longest argument that a store takes by default. */
const argumentBytes = 512 * 1024 ** 2;
const piece = Buffer.alloc(1024 ** 2, "x");
const patienceMs = 30_000;

/** Resolves when the store has ended. @throws Error when it outlives as much as can be sent to it */
export async function exhaustMemory({ endpoint, ended }: Instance): Promise<void> {
  const sockets = Array.from({ length: 8 }, () => beginEndlessCommand(connect(endpoint)));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("the store does not run out of memory: has its container a limit?")),
      patienceMs,
    );
  });
  try {
    await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
  }
}

function beginEndlessCommand(socket: Socket): Socket {
  let left = argumentBytes;
  const go = () => {
    // Never to its end: the command must not be carried out.
    while (left > 2 * piece.length && !socket.destroyed) {
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on("drain", go);
  // It ends with the store: that is what it is for.
  socket.on("error", () => socket.destroy());
  socket.on("connect", () => {
    socket.write(`*2\r\n$3\r\nGET\r\n$${argumentBytes}\r\n`);
    go();
  });
  return socket;
}
