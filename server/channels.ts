/**
 * Publish and subscribe: who listens to which channels and patterns. Messages are never kept and never logged.
 */

import { globMatches } from "./keyspace/glob.ts";
import { PushReply, type Reply } from "./resp/reply.ts";
import type { Session } from "./session.ts";

type Listeners = Map<string, Set<Session>>;

export class Channels {
  private readonly byChannel: Listeners = new Map();
  private readonly byPattern: Listeners = new Map();
  private readonly bySession = new Map<Session, { channels: Set<string>; patterns: Set<string> }>();

  /** How many patterns are listened to, each counted once. */
  get patternCount(): number {
    return this.byPattern.size;
  }

  /** The replies of SUBSCRIBE or PSUBSCRIBE, one a name. */
  subscribe(session: Session, kind: "channels" | "patterns", names: readonly string[]): Reply[] {
    const own = this.of(session);
    return names.map((name) => {
      if (!own[kind].has(name)) {
        own[kind].add(name);
        add(this.listeners(kind), name, session);
      }
      this.count(session);
      return new PushReply([kind === "channels" ? "subscribe" : "psubscribe", name, session.subscriptionCount]);
    });
  }

  /** The replies of UNSUBSCRIBE or PUNSUBSCRIBE; no names: all of them. */
  unsubscribe(session: Session, kind: "channels" | "patterns", names?: readonly string[]): Reply[] {
    const own = this.of(session);
    const word = kind === "channels" ? "unsubscribe" : "punsubscribe";
    const left = names ?? [...own[kind]];
    if (left.length === 0) return [new PushReply([word, null, session.subscriptionCount])];
    const replies = left.map((name) => {
      own[kind].delete(name);
      remove(this.listeners(kind), name, session);
      this.count(session);
      return new PushReply([word, name, session.subscriptionCount]);
    });
    if (session.subscriptionCount === 0) this.bySession.delete(session);
    return replies;
  }

  /** Its client is gone, or asked for a fresh start. */
  forget(session: Session): void {
    const own = this.bySession.get(session);
    if (own === undefined) return;
    for (const name of own.channels) remove(this.byChannel, name, session);
    for (const name of own.patterns) remove(this.byPattern, name, session);
    this.bySession.delete(session);
    session.subscriptionCount = 0;
  }

  /** Returns how many were told; who listens to the channel in several ways is told several times. */
  publish(channel: string, message: string): number {
    let told = 0;
    for (const session of this.byChannel.get(channel) ?? []) {
      session.client?.push(new PushReply(["message", channel, message]));
      told++;
    }
    for (const [pattern, sessions] of this.byPattern) {
      if (!globMatches(pattern, channel)) continue;
      for (const session of sessions) {
        session.client?.push(new PushReply(["pmessage", pattern, channel, message]));
        told++;
      }
    }
    return told;
  }

  /** Channels that somebody listens to, of a pattern if one is given. */
  active(pattern?: string): string[] {
    return [...this.byChannel.keys()].filter((name) => pattern === undefined || globMatches(pattern, name));
  }

  listenerCount(channel: string): number {
    return this.byChannel.get(channel)?.size ?? 0;
  }

  /** Of one session: what CLIENT LIST shows. */
  counts(session: Session): { channels: number; patterns: number } {
    const own = this.bySession.get(session);
    return { channels: own?.channels.size ?? 0, patterns: own?.patterns.size ?? 0 };
  }

  /** What one session listens to. */
  names(session: Session): { readonly channels: readonly string[]; readonly patterns: readonly string[] } {
    const own = this.bySession.get(session);
    return { channels: [...(own?.channels ?? [])], patterns: [...(own?.patterns ?? [])] };
  }

  private of(session: Session) {
    let own = this.bySession.get(session);
    if (own === undefined) {
      own = { channels: new Set(), patterns: new Set() };
      this.bySession.set(session, own);
    }
    return own;
  }

  private listeners(kind: "channels" | "patterns"): Listeners {
    return kind === "channels" ? this.byChannel : this.byPattern;
  }

  private count(session: Session): void {
    const { channels, patterns } = this.of(session);
    session.subscriptionCount = channels.size + patterns.size;
  }
}

function add(listeners: Listeners, name: string, session: Session): void {
  const sessions = listeners.get(name);
  if (sessions === undefined) listeners.set(name, new Set([session]));
  else sessions.add(session);
}

function remove(listeners: Listeners, name: string, session: Session): void {
  const sessions = listeners.get(name);
  sessions?.delete(session);
  if (sessions?.size === 0) listeners.delete(name);
}
