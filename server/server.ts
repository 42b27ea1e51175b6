/**
 * The server: one turn after another. A turn is
 *
 *     read what arrived → execute → append to the log → end of turn: flush the log (write, sync) → send the replies
 *
 * so whatever a reply promises is in the log's file before the reply leaves.
 */
import { Client } from "./client.ts";
import type { Args } from "./commands/command.ts";
import { findCommand } from "./commands/commands.ts";
import { type Database, Keyspace } from "./keyspace/keyspace.ts";
import { type Reply, ReplyError } from "./resp/reply.ts";
import type { Session } from "./session.ts";
import type { Address, Connection, Listener, World } from "./world/world.ts";

export class Server {
  readonly world: World;
  readonly keyspace: Keyspace;
  private readonly clients = new Set<Client>();
  private owing: Client[] = [];
  private nextClientId = 1;

  constructor(world: World) {
    this.world = world;
    this.keyspace = new Keyspace(
      { nowMs: () => world.clock.wallMs(), expired: (db, key) => this.keyExpired(db, key) },
      16,
    );
  }

  async listen(address: Address): Promise<Listener> {
    return this.world.net.listen(address, (connection) => this.accept(connection));
  }

  /** Executes one request on behalf of a session. */
  execute(args: Args, session: Session): Reply {
    const command = findCommand(args[0] as string);
    if (command === undefined) return new ReplyError(`ERR unknown command '${args[0]}'`);
    if (args.length !== command.arity && (command.arity > 0 || args.length < -command.arity)) {
      return new ReplyError(`ERR wrong number of arguments for '${command.name}' command`);
    }
    try {
      return command.run(args, session);
    } catch (error) {
      if (error instanceof ReplyError) return error;
      throw error;
    }
  }

  owesReplies(client: Client): void {
    if (this.owing.length === 0) this.world.clock.endOfTurn(() => this.endTurn());
    this.owing.push(client);
  }

  forget(client: Client): void {
    this.clients.delete(client);
  }

  private accept(connection: Connection): void {
    this.clients.add(new Client(this.nextClientId++, this, connection));
  }

  private endTurn(): void {
    const owing = this.owing;
    this.owing = [];
    for (const client of owing) client.sendReplies();
  }

  private keyExpired(_db: Database, _key: string): void {
    this.keyspace.dirty++;
  }
}
