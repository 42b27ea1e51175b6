/** What a store relies on for names: of files, links and folders. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { errorCode, type FileSystemPromise, run, withFile } from "./file-system-promise.ts";

const { O_CREAT, O_EXCL, O_RDWR } = fs.constants;

const renameat2 = (from: string, to: string, flags: number): string =>
  run(
    "perl",
    "-e",
    // Its number differs from architecture to architecture; AT_FDCWD is -100 on all.
    `my $n = \`uname -m\` =~ /x86_64/ ? 316 : 276; syscall($n, -100, $ARGV[0], -100, $ARGV[1], ${flags}) == 0 and print "done" or print int($!)`,
    from,
    to,
  );

export const namePromises: readonly FileSystemPromise[] = [
  {
    name: "a rename replaces the target in one step, and whoever has the old one open keeps it",
    keep(dir) {
      const [fresh, target] = [path.join(dir, "temp"), path.join(dir, "target")];
      fs.writeFileSync(target, "old");
      withFile(target, "r+", (old) => {
        fs.writeFileSync(fresh, "new");
        fs.renameSync(fresh, target);
        expect(fs.readFileSync(target, "utf8")).to.equal("new");
        fs.writeSync(old, "OLD", 0);
        const bytes = Buffer.alloc(3);
        fs.readSync(old, bytes, 0, 3, 0);
        expect(bytes.toString()).to.equal("OLD");
        expect(fs.fstatSync(old).nlink).to.equal(0);
      });
      expect(fs.readdirSync(dir)).to.deep.equal(["target"]);
      expect(fs.readFileSync(target, "utf8")).to.equal("new");
    },
  },
  {
    name: "a rename that must not replace does not",
    tools: ["perl"],
    keep(dir) {
      const [from, to] = [path.join(dir, "a"), path.join(dir, "b")];
      fs.writeFileSync(from, "a");
      fs.writeFileSync(to, "b");
      expect(renameat2(from, to, 1)).to.equal("17");
      fs.unlinkSync(to);
      expect(renameat2(from, to, 1)).to.equal("done");
      expect(fs.readFileSync(to, "utf8")).to.equal("a");
    },
  },
  {
    name: "two names change places, a file's and a folder's too",
    tools: ["perl"],
    keep(dir) {
      const [file, folder] = [path.join(dir, "a"), path.join(dir, "b")];
      fs.writeFileSync(file, "file");
      fs.mkdirSync(folder);
      fs.writeFileSync(path.join(folder, "inside"), "inside");
      expect(renameat2(file, folder, 2)).to.equal("done");
      expect(fs.readFileSync(folder, "utf8")).to.equal("file");
      expect(fs.readFileSync(path.join(file, "inside"), "utf8")).to.equal("inside");
    },
  },
  {
    name: "a folder can be renamed with all that is in it, open files included",
    keep(dir) {
      fs.mkdirSync(path.join(dir, "old", "deep"), { recursive: true });
      withFile(path.join(dir, "old", "deep", "f"), "w", (fd) => {
        fs.writeSync(fd, "before ");
        fs.mkdirSync(path.join(dir, "new"));
        fs.renameSync(path.join(dir, "old"), path.join(dir, "new"));
        fs.writeSync(fd, "after");
      });
      expect(fs.readFileSync(path.join(dir, "new", "deep", "f"), "utf8")).to.equal("before after");
      expect(errorCode(() => fs.renameSync(path.join(dir, "new"), path.join(dir, "new", "deep", "x")))).to.equal(
        "EINVAL",
      );
    },
  },
  {
    name: "a file without a name lives on while it is open",
    keep(dir) {
      const file = path.join(dir, "f");
      withFile(file, "w+", (fd) => {
        fs.writeSync(fd, "kept");
        fs.unlinkSync(file);
        expect(fs.existsSync(file)).to.equal(false);
        fs.writeSync(fd, "!", 4);
        fs.fsyncSync(fd);
        const bytes = Buffer.alloc(5);
        expect(fs.readSync(fd, bytes, 0, 5, 0)).to.equal(5);
        expect(bytes.toString()).to.equal("kept!");
        fs.writeFileSync(file, "another");
        expect(fs.fstatSync(fd).size).to.equal(5);
      });
      expect(fs.readFileSync(file, "utf8")).to.equal("another");
    },
  },
  {
    name: "hard links share one file, and the last name to go takes it along",
    keep(dir) {
      const [one, other] = [path.join(dir, "one"), path.join(dir, "other")];
      fs.writeFileSync(one, "shared");
      fs.linkSync(one, other);
      expect(fs.statSync(one).nlink).to.equal(2);
      expect(fs.statSync(one).ino).to.equal(fs.statSync(other).ino);
      fs.appendFileSync(other, " by both");
      fs.renameSync(one, other);
      expect(fs.readdirSync(dir).sort()).to.deep.equal(["one", "other"]);
      fs.unlinkSync(one);
      expect(fs.readFileSync(other, "utf8")).to.equal("shared by both");
      expect(fs.statSync(other).nlink).to.equal(1);
    },
  },
  {
    name: "symbolic links are followed, read, and may point nowhere",
    keep(dir) {
      fs.writeFileSync(path.join(dir, "f"), "target");
      fs.symlinkSync("f", path.join(dir, "link"));
      fs.symlinkSync("nowhere", path.join(dir, "dangling"));
      fs.symlinkSync("self", path.join(dir, "self"));
      expect(fs.readFileSync(path.join(dir, "link"), "utf8")).to.equal("target");
      expect(fs.readlinkSync(path.join(dir, "dangling"))).to.equal("nowhere");
      expect(fs.lstatSync(path.join(dir, "link")).size).to.equal(1);
      expect(errorCode(() => fs.readFileSync(path.join(dir, "dangling")))).to.equal("ENOENT");
      expect(errorCode(() => fs.readFileSync(path.join(dir, "self")))).to.equal("ELOOP");
    },
  },
  {
    name: "a large folder lists every name once, with its type, also while names go away",
    keep(dir) {
      const names = Array.from({ length: 3_000 }, (_, index) => `a-name-of-some-length-${index}`);
      for (const name of names) fs.closeSync(fs.openSync(path.join(dir, name), "wx"));
      fs.mkdirSync(path.join(dir, "folder"));
      expect(fs.readdirSync(dir).sort()).to.deep.equal([...names, "folder"].sort());
      const seen: string[] = [];
      const listing = fs.opendirSync(dir);
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        seen.push(entry.name);
        expect(entry.isDirectory()).to.equal(entry.name === "folder");
        if (entry.isFile()) fs.unlinkSync(path.join(dir, entry.name));
      }
      listing.closeSync();
      expect(seen.sort()).to.deep.equal([...names, "folder"].sort());
      expect(fs.readdirSync(dir)).to.deep.equal(["folder"]);
    },
  },
  {
    name: "names may hold anything that UTF-8 can say",
    keep(dir) {
      const names = ["with space", "back\\slash", "new\nline", "ümläut", "漢字", "🔌", "'quoted'", "x".repeat(255)];
      for (const name of names) fs.writeFileSync(path.join(dir, name), name);
      expect(fs.readdirSync(dir).sort()).to.deep.equal([...names].sort());
      for (const name of names) expect(fs.readFileSync(path.join(dir, name), "utf8")).to.equal(name);
    },
  },
  {
    name: "what cannot be done is refused with the error that POSIX names",
    keep(dir) {
      const at = (...parts: readonly string[]) => path.join(dir, ...parts);
      fs.writeFileSync(at("file"), "");
      fs.mkdirSync(at("full"));
      fs.writeFileSync(at("full", "f"), "");
      fs.mkdirSync(at("empty"));
      const refused: readonly (readonly [code: string, () => unknown])[] = [
        ["ENOENT", () => fs.readFileSync(at("missing"))],
        ["ENOENT", () => fs.renameSync(at("missing"), at("x"))],
        ["ENOENT", () => fs.unlinkSync(at("missing"))],
        ["EEXIST", () => fs.mkdirSync(at("full"))],
        ["EEXIST", () => fs.openSync(at("file"), O_CREAT | O_EXCL | O_RDWR)],
        ["EEXIST", () => fs.linkSync(at("file"), at("full"))],
        ["EEXIST", () => fs.symlinkSync("x", at("file"))],
        ["ENOTEMPTY", () => fs.rmdirSync(at("full"))],
        ["ENOTEMPTY", () => fs.renameSync(at("empty"), at("full"))],
        ["ENOTDIR", () => fs.rmdirSync(at("file"))],
        ["ENOTDIR", () => fs.writeFileSync(at("file", "below"), "")],
        ["ENOTDIR", () => fs.renameSync(at("empty"), at("file"))],
        ["EISDIR", () => fs.unlinkSync(at("empty"))],
        ["EISDIR", () => fs.renameSync(at("file"), at("empty"))],
        ["EISDIR", () => fs.openSync(at("empty"), "w")],
        ["ENAMETOOLONG", () => fs.writeFileSync(at("x".repeat(256)), "")],
      ];
      for (const [code, attempt] of refused) expect(errorCode(attempt), String(attempt)).to.equal(code);
      expect(fs.readdirSync(dir).sort()).to.deep.equal(["empty", "file", "full"]);
    },
  },
  {
    name: "a folder counts the folders in it, and its times move when names change",
    keep(dir) {
      const before = fs.statSync(dir);
      fs.mkdirSync(path.join(dir, "a"));
      fs.mkdirSync(path.join(dir, "b"));
      const after = fs.statSync(dir);
      expect(after.mtimeMs).to.be.at.least(before.mtimeMs);
      fs.rmdirSync(path.join(dir, "a"));
      expect(fs.readdirSync(dir)).to.deep.equal(["b"]);
    },
  },
];
