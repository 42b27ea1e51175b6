/** What a store relies on beside bytes and names: modes, sockets, pipes, locks, room. */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { expect } from "chai";
import { errorCode, type FileSystemPromise, run } from "./file-system-promise.ts";

export const otherPromises: readonly FileSystemPromise[] = [
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
