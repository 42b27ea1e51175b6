/**
 * What stores rely on a file system to do, each as a promise with a name. They are run by a process that lives where the
 * file system is mounted (`promises-main.ts`): against a recorded volume, and against this machine's own disk, which
 * shows that the promises themselves are true.
 *
 * Every promise gets an empty folder of its own. What Node cannot ask for (shared mappings, renameat2, locks between
 * processes) is asked by small tools that Linux machines have.
 */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { expect } from "chai";
import { randomFrom } from "../../harness/random.ts";

export interface FileSystemPromise {
  readonly name: string;
  /** Executables that it needs. */
  readonly tools?: readonly string[];
  keep(dir: string, seed: string): void | Promise<void>;
}

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = fs.constants;

function errorCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return "no error";
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Opens, and closes whatever happens. */
function withFile<T>(file: string, flags: string | number, use: (fd: number) => T): T {
  const fd = fs.openSync(file, flags);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const renameat2 = (from: string, to: string, flags: number): string =>
  run(
    "perl",
    "-e",
    // Its number differs from architecture to architecture; AT_FDCWD is -100 on all.
    `my $n = \`uname -m\` =~ /x86_64/ ? 316 : 276; syscall($n, -100, $ARGV[0], -100, $ARGV[1], ${flags}) == 0 and print "done" or print int($!)`,
    from,
    to,
  );

const bytesPromises: readonly FileSystemPromise[] = [
  {
    name: "what is written anywhere in a file is read back, NULs where nothing was written",
    keep(dir, seed) {
      const random = randomFrom(seed);
      const file = path.join(dir, "f");
      let expected = Buffer.alloc(0);
      withFile(file, "w+", (fd) => {
        for (let step = 0; step < 200; step++) {
          const [offset, length] = [random.below(60_000), random.below(9_000)];
          if (random.chance(0.1)) {
            fs.ftruncateSync(fd, offset);
            expected = Buffer.concat([expected, Buffer.alloc(offset)]).subarray(0, offset);
          } else {
            const bytes = Buffer.alloc(length, random.below(256));
            fs.writeSync(fd, bytes, 0, length, offset);
            if (length > 0 && expected.length < offset + length) {
              expected = Buffer.concat([expected, Buffer.alloc(offset + length - expected.length)]);
            }
            bytes.copy(expected, offset);
          }
          if (step % 20 === 0)
            expect(fs.readFileSync(file).equals(expected), `seed ${seed}, step ${step}`).to.equal(true);
        }
      });
      expect(fs.readFileSync(file).equals(expected), `seed ${seed}`).to.equal(true);
      expect(fs.statSync(file).size).to.equal(expected.length);
    },
  },
  {
    name: "appending handles never overwrite each other",
    keep(dir) {
      const file = path.join(dir, "log");
      withFile(file, O_CREAT | O_WRONLY | O_APPEND, (one) =>
        withFile(file, O_WRONLY | O_APPEND, (other) => {
          for (let count = 0; count < 100; count++) fs.writeSync(count % 2 === 0 ? one : other, `${count};`);
        }),
      );
      expect(fs.readFileSync(file, "utf8")).to.equal(Array.from({ length: 100 }, (_, count) => `${count};`).join(""));
    },
  },
  {
    name: "a write of many megabytes arrives whole",
    keep(dir) {
      const bytes = Buffer.alloc(9 << 20, "0123456789abcdef");
      withFile(path.join(dir, "big"), "w", (fd) => expect(fs.writeSync(fd, bytes)).to.equal(bytes.length));
      expect(fs.readFileSync(path.join(dir, "big")).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "a file that is cut and grows again has NULs where its old bytes were",
    keep(dir) {
      const file = path.join(dir, "f");
      fs.writeFileSync(file, "0123456789");
      fs.truncateSync(file, 4);
      fs.truncateSync(file, 8);
      expect(fs.readFileSync(file, "latin1")).to.equal("0123\0\0\0\0");
      withFile(file, O_RDWR | O_TRUNC, (fd) => expect(fs.fstatSync(fd).size).to.equal(0));
      expect(fs.readFileSync(file, "latin1")).to.equal("");
    },
  },
  {
    name: "writes that ask to be synced succeed, as do fsync and fdatasync of files and fsync of folders",
    keep(dir) {
      for (const [name, flag] of [["dsync", O_DSYNC] as const, ["sync", O_SYNC] as const]) {
        withFile(path.join(dir, name), O_CREAT | O_WRONLY | flag, (fd) => {
          expect(fs.writeSync(fd, "durable")).to.equal(7);
          fs.fsyncSync(fd);
          fs.fdatasyncSync(fd);
        });
        expect(fs.readFileSync(path.join(dir, name), "utf8")).to.equal("durable");
      }
      withFile(dir, "r", (fd) => fs.fsyncSync(fd));
    },
  },
  {
    name: "a hole costs nothing",
    keep(dir) {
      const file = path.join(dir, "sparse");
      withFile(file, "w", (fd) => fs.writeSync(fd, "end", 100 << 20));
      const status = fs.statSync(file);
      expect(status.size).to.equal((100 << 20) + 3);
      expect(status.blocks * 512).to.be.lessThan(1 << 20);
    },
  },
  {
    name: "space can be allocated, with the size changed or kept, punched out and zeroed",
    tools: ["fallocate"],
    keep(dir) {
      const file = path.join(dir, "f");
      const text = () => fs.readFileSync(file, "latin1").replaceAll("\0", ".");
      fs.writeFileSync(file, "0123456789");
      run("fallocate", "--offset", "0", "--length", "14", file);
      expect(text()).to.equal("0123456789....");
      run("fallocate", "--keep-size", "--offset", "0", "--length", "9000", file);
      expect(text()).to.equal("0123456789....");
      run("fallocate", "--punch-hole", "--offset", "2", "--length", "3", file);
      expect(text()).to.equal("01...56789....");
      run("fallocate", "--zero-range", "--offset", "8", "--length", "10", file);
      expect(text()).to.equal("01...567..........");
      run("fallocate", "--zero-range", "--keep-size", "--offset", "6", "--length", "100", file);
      expect(text()).to.equal("01...5............");
    },
  },
  {
    name: "files are copied by the kernel, without a detour through the process",
    keep(dir) {
      const bytes = Buffer.alloc(300_000, "copy me");
      fs.writeFileSync(path.join(dir, "a"), bytes);
      fs.copyFileSync(path.join(dir, "a"), path.join(dir, "b"));
      run("cp", path.join(dir, "b"), path.join(dir, "c"));
      expect(fs.readFileSync(path.join(dir, "c")).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "direct input and output reads and writes what buffered does",
    keep(dir) {
      const [from, to] = [path.join(dir, "a"), path.join(dir, "b")];
      const bytes = Buffer.alloc(1 << 20, "direct");
      fs.writeFileSync(from, bytes);
      run("dd", `if=${from}`, `of=${to}`, "bs=128k", "iflag=direct", "oflag=direct", "status=none");
      expect(fs.readFileSync(to).equals(bytes)).to.equal(true);
    },
  },
  {
    name: "what is written through a shared mapping is in the file, and the other way round",
    tools: ["xfs_io"],
    keep(dir) {
      const file = path.join(dir, "mapped");
      fs.writeFileSync(file, Buffer.alloc(20_000, "."));
      const mapped = ["-c", "mmap -rw 0 20000", "-c", "mwrite -S 0x61 4090 10", "-c", "msync -s 0 20000"];
      const [, ...written] = run(
        "xfs_io",
        ...mapped,
        "-c",
        "pwrite -S 0x62 8000 3",
        "-c",
        "mread -v 7998 6",
        file,
      ).split("\n");
      expect(written.join(" ")).to.include("2e 2e 62 62 62 2e");
      const bytes = fs.readFileSync(file, "latin1");
      expect(bytes.slice(4088, 4102)).to.equal("..aaaaaaaaaa..");
      expect(bytes.length).to.equal(20_000);
    },
  },
  {
    name: "64 writers at a time all succeed",
    async keep(dir) {
      const files = Array.from({ length: 64 }, (_, index) => path.join(dir, `f${index}`));
      await Promise.all(
        files.map(async (file, index) => {
          const handle = await fs.promises.open(file, "w");
          for (let count = 0; count < 5; count++) await handle.write(`${index}:${count};`);
          await handle.sync();
          await handle.close();
        }),
      );
      for (const [index, file] of files.entries()) {
        expect(fs.readFileSync(file, "utf8")).to.equal([0, 1, 2, 3, 4].map((count) => `${index}:${count};`).join(""));
      }
    },
  },
];

const namePromises: readonly FileSystemPromise[] = [
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

const otherPromises: readonly FileSystemPromise[] = [
  {
    name: "modes and times are kept, and a file runs when its mode lets it",
    keep(dir) {
      const file = path.join(dir, "script");
      fs.writeFileSync(file, "#!/bin/sh\necho ran\n", { mode: 0o600 });
      expect(fs.statSync(file).mode & 0o777).to.equal(0o600);
      fs.chmodSync(file, 0o755);
      expect(run(file)).to.equal("ran\n");
      fs.utimesSync(file, 1_000_000, 2_000_000.5);
      expect(fs.statSync(file).atimeMs).to.equal(1_000_000_000);
      expect(fs.statSync(file).mtimeMs).to.equal(2_000_000_500);
      fs.appendFileSync(file, "#");
      expect(fs.statSync(file).mtimeMs).to.be.greaterThan(2_000_000_500);
    },
  },
  {
    name: "owners are kept by whoever may change them, and others are held off by the mode",
    keep(dir) {
      if (process.getuid?.() !== 0 || !fs.readFileSync("/proc/self/uid_map", "utf8").includes("4294967295")) return;
      fs.chmodSync(dir, 0o755);
      const file = path.join(dir, "f");
      fs.writeFileSync(file, "secret", { mode: 0o600 });
      fs.chownSync(file, 12, 34);
      expect([fs.statSync(file).uid, fs.statSync(file).gid]).to.deep.equal([12, 34]);
      const read = (uid: number) => () => execFileSync("cat", [file], { uid, gid: uid, stdio: "pipe" });
      expect(errorCode(read(99))).to.not.equal("no error");
    },
  },
  {
    name: "a unix socket on it is connected to, until its name is gone",
    async keep(dir) {
      const file = path.join(dir, "s");
      const server = net.createServer((socket) => socket.end("hello"));
      await new Promise<void>((resolve) => server.listen(file, resolve));
      const received = await new Promise<string>((resolve, reject) => {
        let text = "";
        net
          .connect(file)
          .on("data", (data) => {
            text += data.toString();
          })
          .on("end", () => resolve(text))
          .on("error", reject);
      });
      expect(received).to.equal("hello");
      expect(fs.statSync(file).isSocket()).to.equal(true);
      await new Promise((resolve) => server.close(resolve));
      expect(fs.existsSync(file)).to.equal(false);
    },
  },
  {
    name: "a named pipe carries bytes",
    tools: ["mkfifo"],
    keep(dir) {
      const pipe = path.join(dir, "p");
      run("mkfifo", pipe);
      expect(run("sh", "-c", 'echo through > "$1" & cat "$1"', "sh", pipe)).to.equal("through\n");
    },
  },
  {
    name: "a lock of the whole file keeps another process out until it is given back",
    tools: ["flock"],
    async keep(dir) {
      const file = path.join(dir, "lock");
      fs.writeFileSync(file, "");
      const holder = spawn("flock", [file, "sh", "-c", "echo held; read _"], { stdio: ["pipe", "pipe", "inherit"] });
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      expect(errorCode(() => run("flock", "--nonblock", file, "true"))).to.not.equal("no error");
      holder.stdin.end();
      await new Promise((resolve) => holder.once("close", resolve));
      run("flock", "--nonblock", file, "true");
    },
  },
  {
    name: "a POSIX lock of a range keeps another process out of that range only",
    tools: ["perl"],
    keep(dir) {
      const file = path.join(dir, "lock");
      fs.writeFileSync(file, "x".repeat(100));
      // F_SETLK is 6; the structure is type, whence, start, length, pid.
      const script = `
        sub lock_range { fcntl($_[0], 6, pack("s s x4 q q l x4", 1, 0, $_[1], 10, 0)) ? "free" : "taken" }
        open(my $mine, "+<", $ARGV[0]) or die; print lock_range($mine, 0), " ";
        my $pid = fork(); die unless defined $pid;
        if ($pid == 0) { $| = 1; open(my $other, "+<", $ARGV[0]); print lock_range($other, 5), " ", lock_range($other, 50); exit }
        BEGIN { $| = 1 } waitpid($pid, 0);`;
      expect(run("perl", "-e", script, file)).to.equal("free taken free");
    },
  },
  {
    name: "the disk says how much room there is",
    keep(dir) {
      const space = fs.statfsSync(dir);
      expect(space.bsize).to.be.greaterThan(0);
      expect(space.blocks).to.be.at.least(space.bfree);
      expect(space.bavail).to.be.greaterThan(0);
    },
  },
];

export const fileSystemPromises: readonly FileSystemPromise[] = [...bytesPromises, ...namePromises, ...otherPromises];
