/** The file of users: read whole, and replaced whole. */
import path from "node:path";
import { publish, writeFully, writeTemp } from "../world/replace-file.ts";
import { DiskError, type World } from "../world/world.ts";
import { AclError } from "./acl-error.ts";

export interface AclLine {
  readonly text: string;
  /** `users.acl:3` */
  readonly place: string;
}

export class AclFile {
  private readonly world: World;
  private readonly path: string;
  private readonly name: string;

  /** `name` is taken from `dir`, unless it is absolute. */
  constructor(world: World, dir: string, name: string) {
    this.world = world;
    this.name = name;
    this.path = path.posix.resolve(dir, name);
  }

  /** Lines that say something. @throws AclError */
  read(): AclLine[] {
    return this.withDisk("read", () => {
      const file = this.world.disk.open(this.path, "read");
      try {
        const text = Buffer.from(file.read(0, file.size())).toString("latin1");
        return text
          .split("\n")
          .map((line, index) => ({ text: line.trim(), place: `${this.name}:${index + 1}` }))
          .filter((line) => line.text !== "" && !line.text.startsWith("#"));
      } finally {
        file.close();
      }
    });
  }

  /** @throws AclError */
  write(lines: readonly string[]): void {
    const { disk, process } = this.world;
    const temp = path.posix.join(
      path.posix.dirname(this.path),
      `temp-${process.pid}-${path.posix.basename(this.path)}`,
    );
    this.withDisk("written", () => {
      writeTemp(disk, temp, (file) => writeFully(file, Buffer.from(`${lines.join("\n")}\n`, "latin1")));
      publish(disk, temp, this.path);
    });
  }

  private withDisk<R>(what: string, work: () => R): R {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new AclError(`The ACL file ${this.path} could not be ${what}: ${error.reason}`);
    }
  }
}
