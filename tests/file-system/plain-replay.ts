/**
 * What a journal leads to when nothing is lost, computed in the plainest way there is: whole buffers, one for each inode,
 * and a map of names. It shares no code with the live tree of a recorded volume, which it is held against.
 */
import type { Image, ImageNode } from "../../harness/disk/image.ts";
import type { Journal } from "../../harness/recording/journal.ts";

export function replayPlainly(journal: Journal): Image {
  const types = new Map<number, string>([[1, "directory"]]);
  const bytes = new Map<number, Buffer>();
  const names = new Map<string, number>();
  const resize = (inode: number, size: number): Buffer => {
    const before = bytes.get(inode) ?? Buffer.alloc(0);
    const after = Buffer.concat([before, Buffer.alloc(Math.max(0, size - before.length))]).subarray(0, size);
    bytes.set(inode, after);
    return after;
  };
  const moved = (path: string, from: string, to: string): string =>
    path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;

  for (const record of journal.records) {
    switch (record.kind) {
      case "create":
      case "mkdir":
      case "symlink":
        types.set(record.inode, record.kind === "create" ? record.type : record.kind);
        names.set(record.path, record.inode);
        break;
      case "link":
        names.set(record.path, record.inode);
        break;
      case "unlink":
      case "rmdir":
        names.delete(record.path);
        break;
      case "rename": {
        const before = [...names];
        names.clear();
        for (const [path, inode] of before) {
          const isTarget = path === record.path || path.startsWith(`${record.path}/`);
          if (isTarget && record.exchange) names.set(moved(path, record.path, record.fromPath), inode);
          else if (!isTarget) names.set(moved(path, record.fromPath, record.path), inode);
        }
        break;
      }
      case "write": {
        const size = Math.max(bytes.get(record.inode)?.length ?? 0, record.offset + record.length);
        resize(record.inode, size).set(journal.bytes(record), record.offset);
        break;
      }
      case "truncate":
        resize(record.inode, record.size);
        break;
      case "fallocate": {
        const end = record.offset + record.length;
        const size = bytes.get(record.inode)?.length ?? 0;
        const grows = record.effect === "allocate" || record.effect === "zero";
        const file = resize(record.inode, grows ? Math.max(size, end) : size);
        if (record.effect === "punch" || record.effect === "zero")
          file.fill(0, Math.min(record.offset, file.length), Math.min(end, file.length));
        break;
      }
      default:
    }
  }
  return imageOf(names, types, bytes);
}

function imageOf(
  names: ReadonlyMap<string, number>,
  types: ReadonlyMap<number, string>,
  bytes: ReadonlyMap<number, Buffer>,
): Image {
  const image = new Map<string, ImageNode>();
  for (const [path, inode] of [...names].sort(([one], [other]) => comparePaths(one, other))) {
    if (types.get(inode) === "mkdir") image.set(path, { kind: "directory" });
    if (types.get(inode) === "file") image.set(path, { kind: "file", bytes: bytes.get(inode) ?? Buffer.alloc(0) });
  }
  return image;
}

/** Folder by folder, as a walk goes. */
function comparePaths(one: string, other: string): number {
  const [left, right] = [one.split("/"), other.split("/")];
  const index = left.findIndex((name, at) => name !== right[at]);
  if (index < 0) return left.length - right.length;
  const [name = "", otherName = ""] = [left[index], right[index]];
  return name < otherName ? -1 : 1;
}
