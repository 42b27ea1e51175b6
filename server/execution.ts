/**
 * The execution of a request: may it run now, and what follows from having run.
 *
 *     execute   known? arity? allowed? authenticated? refused by the disk? loading? paused?  → queue it, or:
 *     call      run → count → what it changed goes to propagation
 *     after the outermost call: propagation → log, blocked sessions are served
 *
 * The checks stand in Redis's order, because a request that two of them refuse must get the same error.
 */
import { describeDenial } from "./acl/users.ts";
import { mustAuthenticate } from "./authentication.ts";
import type { KnownCommand } from "./command-table.ts";
import type { Args } from "./commands/command.ts";
import type { Setting } from "./config/config.ts";
import { outOfMemory } from "./memory-limit.ts";
import { withoutPasswords } from "./monitors.ts";
import { LATER, QUEUED, type Reply, ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";

/** A log holds a command that this server does not have: fatal, as it would leave out a change. */
export class UnknownCommand extends Error {
  override readonly name = "UnknownCommand";
}

export class Execution {
  private readonly server: Server;
  private readonly latencyTracking: Setting<boolean>;
  private readonly latencyThresholdMs: Setting<number>;
  /** Calls under way: EXEC calls the commands of its queue. */
  private depth = 0;
  /** On whose behalf a command is running; undefined between commands. */
  current: Session | undefined;
  /**
   * When the last call of this turn ended, on the monotonic clock: the next one begins there. Clocks are asked once a
   * call, and the wall clock once a millisecond, because in a pipeline that is a good part of what a command costs.
   */
  private endedMs: number | undefined;
  private wallReadMs = Number.NEGATIVE_INFINITY;

  constructor(server: Server) {
    this.server = server;
    this.latencyTracking = server.config.setting("latency-tracking");
    this.latencyThresholdMs = server.config.setting("latency-monitor-threshold");
  }

  /** True while EXEC runs its queue. */
  get isInTransaction(): boolean {
    return this.depth > 1;
  }

  /** A client's request. LATER: the session waits, and is answered by and by. */
  execute(args: Args, session: Session): Reply {
    const command = this.server.commands.find(args);
    if (command === undefined) return this.reject(undefined, session, this.describeUnknown(args));
    const refusal = this.refusal(command, args, session);
    if (refusal !== undefined) return this.reject(command, session, refusal);
    if (this.server.tracking.count > 0) this.server.tracking.limit();
    if (this.isPostponed(command, session)) {
      return session.block({
        on: "pause ended",
        timeoutMs: 0,
        retry: () => this.execute(args, session),
        timedOut: () => LATER,
      });
    }
    if (session.transaction !== undefined && !command.isNeverQueued) {
      session.transaction.queue.push({ command, args });
      return QUEUED;
    }
    return this.call(command, args, session);
  }

  /**
   * A request that a log holds: nothing but its name is checked, its changes are not logged again, and what it counts
   * and how long it takes is nobody's business. The time stands still until the turn has ended.
   * @throws UnknownCommand
   */
  replay(args: Args, session: Session): Reply {
    const command = this.server.commands.find(args);
    if (command === undefined) throw new UnknownCommand(args[0]);
    if (!command.accepts(args.length)) return wrongArity(command);
    if (session.transaction !== undefined && !command.isNeverQueued) {
      session.transaction.queue.push({ command, args });
      return QUEUED;
    }
    session.request = args;
    session.runs = command;
    if (this.depth++ === 0 && this.wallReadMs === Number.NEGATIVE_INFINITY) {
      const { clock } = this.server.world;
      this.server.keyspace.nowMs = clock.wallMs();
      this.wallReadMs = clock.monotonicMs();
    }
    try {
      return command.command.run(args, session);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      return error;
    } finally {
      this.depth--;
    }
  }

  /** Runs a command that may run now. */
  call(command: KnownCommand, args: Args, session: Session): Reply {
    session.request = args;
    session.runs = command;
    const beganMs = this.endedMs ?? this.server.world.clock.monotonicMs();
    const dirtyBefore = this.begin(session, beganMs);
    let reply: Reply;
    try {
      reply = command.command.run(args, session);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      reply = error;
    }
    if (this.server.monitors.count > 0) this.server.monitors.show(command, args, session);
    this.server.statistics.commandsProcessed++;
    if (reply instanceof ReplyError) {
      command.failedCalls++;
      this.server.statistics.countError(reply);
    }
    this.finish(session, args, dirtyBefore, command.propagates);
    this.measure(command, args, session, beganMs, reply);
    if (session.tracking !== undefined) this.server.tracking.commandRan(command, args, session, reply, this.depth);
    return reply;
  }

  /** The end of a turn: the next call does not begin where the last one ended. */
  turnEnded(): void {
    this.server.memoryLimit.turnEnded();
    this.endedMs = undefined;
    this.wallReadMs = Number.NEGATIVE_INFINITY;
  }

  /** EXEC's work: runs what was queued, as one unit. */
  callQueued(session: Session): Reply {
    const queue = session.transaction?.queue ?? [];
    session.transaction = undefined;
    session.inExec = true;
    const replies = queue.map(
      ({ command, args }) => this.refusalOfQueued(command, args, session) ?? this.call(command, args, session),
    );
    session.inExec = false;
    // The commands of the queue are logged, not the EXEC itself: propagation wraps them.
    session.logAs();
    return replies;
  }

  /** What may be done can have changed since a command was queued. */
  private refusalOfQueued(command: KnownCommand, args: Args, session: Session): ReplyError | undefined {
    if (session.role !== "client" || session.user.isUnlimited) return undefined;
    const denial = this.server.users.denial(command.command, args, session);
    if (denial === undefined) return undefined;
    const what = { command: "execute the command or subcommand", key: "touch the specified keys" };
    const refusal = new ReplyError(
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is " +
        `no longer allowed for the following reason: no permission to ${
          denial.reason === "channel" ? "access one of the channels used as arguments" : what[denial.reason]
        }`,
    );
    this.server.statistics.countError(refusal);
    return refusal;
  }

  /**
   * Does some work on behalf of a session as a command does it: with one time from beginning to end, and what it changes
   * is logged as `request`, unless the work says otherwise with `logAs`.
   */
  runFor<R>(session: Session, request: Args, work: () => R): R {
    const dirtyBefore = this.begin(session, this.server.world.clock.monotonicMs());
    const result = work();
    this.finish(session, request, dirtyBefore, "together");
    return result;
  }

  /** Tries again what a session waits for, as its command does it. Undefined: it waits on. */
  serve(session: Session, request: Args, retry: () => Reply | undefined): Reply | undefined {
    const { clock } = this.server.world;
    const beganMs = clock.monotonicMs();
    const reply = this.runFor(session, request, retry);
    const command = session.runs;
    if (reply !== undefined && command !== undefined) {
      this.showIfSlow(command, request, session, (clock.monotonicMs() - beganMs) * 1000);
    }
    return reply;
  }

  /** Before a call. Returns the changes counted so far. */
  private begin(session: Session, nowMs: number): number {
    const { keyspace } = this.server;
    // One time for the whole of a command or transaction: a key that was there at its beginning is there at its end.
    if (this.depth++ === 0 && nowMs - this.wallReadMs >= 1) {
      keyspace.nowMs = this.server.world.clock.wallMs();
      this.wallReadMs = nowMs;
    }
    this.current = session;
    session.logged = undefined;
    return keyspace.dirty;
  }

  /** After a call: what it changed goes to propagation, and after the outermost one from there to the log. */
  private finish(session: Session, request: Args, dirtyBefore: number, propagates: "together" | "apart"): void {
    const { keyspace, propagation, persistence, blocking } = this.server;
    this.depth--;
    if (session.role !== "log") {
      if (session.logged !== undefined) {
        for (const entry of session.logged) propagation.add(session.db.index, entry);
        session.logged = undefined;
      } else if (keyspace.dirty > dirtyBefore) {
        propagation.add(session.db.index, request);
      }
    }
    if (this.depth > 0) return;
    this.current = undefined;
    const positionBefore = persistence.position;
    propagation.flush(propagates);
    session.logPosition = persistence.position;
    if (session.logPosition > positionBefore) session.wrotePosition = session.logPosition;
    blocking.serveReady();
  }

  private measure(command: KnownCommand, args: Args, session: Session, beganMs: number, reply: Reply): void {
    const { latencyMonitor, keyspace, world } = this.server;
    this.endedMs = world.clock.monotonicMs();
    const microseconds = (this.endedMs - beganMs) * 1000;
    command.took(microseconds, this.latencyTracking.value);
    // One that waits is shown when it was served.
    if (reply !== LATER) this.showIfSlow(command, args, session, microseconds);
    const thresholdMs = this.latencyThresholdMs.value;
    if (thresholdMs > 0 && microseconds >= thresholdMs * 1000) {
      latencyMonitor.add(command.isFast ? "fast-command" : "command", keyspace.nowS, Math.floor(microseconds / 1000));
    }
  }

  private showIfSlow(command: KnownCommand, args: Args, session: Session, microseconds: number): void {
    const { slowLog, keyspace } = this.server;
    if (slowLog.wants(microseconds) && !command.skipsSlowLog && session.role === "client") {
      const remote = session.client?.connection.remote ?? "";
      const entry = {
        atS: keyspace.nowS,
        microseconds: Math.round(microseconds),
        args: withoutPasswords(command, args),
      };
      slowLog.add({ ...entry, remote, clientName: session.client?.name ?? "" });
    }
  }

  /** Why a command must not run, or be queued, now. */
  private refusal(command: KnownCommand, args: Args, session: Session): ReplyError | undefined {
    const { server } = this;
    if (!command.accepts(args.length)) return wrongArity(command);
    if (command.isProtected && !server.allows("enable-debug-command", session)) return protectedCommand(command);
    if (!session.authenticated && command.needsAuth && mustAuthenticate(session))
      return new ReplyError("NOAUTH Authentication required.");
    if (!session.user.isUnlimited) {
      const denial = server.users.denial(command.command, args, session);
      if (denial !== undefined) return describeDenial(denial);
    }
    if (session.transaction !== undefined && command.deniedInTransaction) {
      return new ReplyError("ERR Command not allowed inside a transaction");
    }
    if (server.memoryLimit.isSet && !server.eviction.makeRoom() && this.needsMemory(command, session))
      return outOfMemory;
    if (command.writes || command.isExec || command.name === "ping") {
      const refusal = server.persistence.refusal();
      if (refusal !== undefined && (!command.isExec || queued(session, (inner) => inner.writes))) return refusal;
    }
    if (session.subscriptionCount > 0 && session.protocol === 2 && !command.allowedWhenSubscribed) {
      return new ReplyError(
        `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are ` +
          "allowed in this context",
      );
    }
    if (
      server.loading &&
      (command.deniedWhileLoading || (command.isExec && queued(session, (inner) => inner.deniedWhileLoading)))
    ) {
      return new ReplyError("LOADING Redis is loading the dataset in memory");
    }
    return undefined;
  }

  /** What is queued in a transaction takes memory, whatever it is. */
  private needsMemory(command: KnownCommand, session: Session): boolean {
    if (command.isExec) return queued(session, (inner) => inner.needsMemory);
    return command.needsMemory || (session.transaction !== undefined && !command.isNeverQueued);
  }

  private reject(command: KnownCommand | undefined, session: Session, error: ReplyError): ReplyError {
    if (command !== undefined) command.rejectedCalls++;
    let answer = error;
    if (command?.isExec && session.transaction !== undefined) {
      this.server.watching.forget(session);
      session.transaction = undefined;
      answer = new ReplyError(`EXECABORT Transaction discarded because of: ${error.message.replace(/^ERR /, "")}`);
    } else if (session.transaction !== undefined) {
      session.transaction.broken = true;
    }
    this.server.statistics.countError(answer);
    return answer;
  }

  private isPostponed(command: KnownCommand, session: Session): boolean {
    const { kind } = this.server.pause;
    if (kind === undefined) return false;
    const mayReplicate = command.isExec ? queued(session, (inner) => inner.mayReplicate) : command.mayReplicate;
    return kind === "all" || mayReplicate;
  }

  private describeUnknown(args: Args): ReplyError {
    const [name = "", ...rest] = args;
    if (this.server.commands.byNameOf(name) !== undefined) {
      return new ReplyError(`ERR unknown subcommand '${rest[0]?.slice(0, 128)}'. Try ${name.toUpperCase()} HELP.`);
    }
    let shown = "";
    for (const arg of rest) {
      if (shown.length >= 128) break;
      shown += `'${arg.slice(0, 128 - shown.length)}' `;
    }
    return new ReplyError(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${shown}`);
  }
}

function queued(session: Session, is: (command: KnownCommand) => boolean): boolean {
  return session.transaction?.queue.some(({ command }) => is(command)) ?? false;
}

function wrongArity(command: KnownCommand): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command.name}' command`);
}

function protectedCommand(command: KnownCommand): ReplyError {
  const name = command.name.replace(/\|.*/, "");
  const directive = `enable-${name}-command`;
  return new ReplyError(
    `ERR ${name.toUpperCase()} command not allowed. If the ${directive} option is set to "local", you can run it from a local ` +
      "connection, otherwise you need to set this option in the configuration file, and then restart the server.",
  );
}
