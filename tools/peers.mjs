// Fetches stores to compare with into `.peers/`: redis-server 8.0 and valkey-server 8.1 as Debian 13 ships them, each with
// the libraries it was built for, so that they run on a machine that has older ones.
//
//     .peers/
//       ├─ redis-server, valkey-server    wrappers: name them after --target
//       ├─ root/                          the packages, unpacked
//       └─ apt/                           lists and downloads of this script alone; the system's apt is not touched
//
// Where packages come from is what this machine says: its own Debian sources, with the name of the suite changed.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const suite = "trixie";
const stores = ["redis-server", "valkey-server"];
const root = path.resolve(import.meta.dirname, "..", ".peers");
const apt = path.join(root, "apt");
const unpacked = path.join(root, "root");

function giveUp(why) {
  console.error(`no peers here: ${why}`);
  process.exit(3);
}

function run(command, args, cwd = apt) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (error !== undefined) giveUp(`${command}: ${error.message}`);
  if (status !== 0) giveUp(`${command} ${args.at(-1)} failed:\n${stderr.trim()}`);
  return stdout;
}

/** Each stanza of the machine's sources that names its own release, in the form of deb822. */
function ownSources() {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(release)?.[1];
  if (!/^ID=debian$/m.test(release) || codename === undefined) giveUp("this script knows Debian's packages only");
  const folder = "/etc/apt/sources.list.d";
  const names = existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
  const files = ["/etc/apt/sources.list", ...names].filter((file) => existsSync(file));
  const found = files.flatMap((file) => {
    const text = readFileSync(file, "utf8").replace(/^#.*\n/gm, "");
    return file.endsWith(".sources") ? stanzas(text, codename) : lines(text, codename);
  });
  if (found.length === 0) giveUp(`no apt source of this machine names ${codename}`);
  return found;
}

function stanzas(text, codename) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const suites = /^Suites:(.*)$/m.exec(stanza)?.[1].trim().split(/\s+/) ?? [];
    return suites.includes(codename) ? [stanza.replace(/^Suites:.*$/m, `Suites: ${suite}`).trim()] : [];
  });
}

function lines(text, codename) {
  return [...text.matchAll(/^deb(?:\s+\[[^\]]*\])?\s+(\S+)\s+(\S+)\s+(.*)$/gm)].flatMap(([, uri, name, components]) =>
    name === codename ? [`Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: ${components}`] : [],
  );
}

function options() {
  return [
    `Dir::State=${apt}/state`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    `Dir::Etc::sourcelist=${apt}/peers.sources`,
    "Dir::Etc::sourceparts=/dev/null",
    // Whoever runs this may be root, and the folder is not the sandbox user's to read.
    "APT::Sandbox::User=root",
  ].flatMap((each) => ["-o", each]);
}

/** The stores, their tools and all shared libraries that they need, the C library among them. */
function packages() {
  const no = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((each) => `--no-${each}`);
  const text = run("apt-cache", [...options(), "depends", "--recurse", ...no, ...stores]);
  const named = text.split("\n").filter((line) => /^[a-z0-9]/.test(line));
  const wanted = named.filter((name) => /^(lib|redis|valkey)/.test(name) && !/^lib(pam|c-bin|perl)/.test(name));
  return [...new Set(wanted.map((name) => name.replace(/:.*/, "")))];
}

function wrapper(store) {
  const libraries = run("sh", ["-c", 'find . -name "*.so*" -printf "%h\\n" | sort -u'], unpacked)
    .trim()
    .split("\n")
    .map((folder) => path.join(unpacked, folder));
  const [loader] = run("sh", ["-c", 'find . -name "ld-linux*" | head -n 1'], unpacked).trim().split("\n");
  const program = path.join(unpacked, "usr/bin", store);
  if (loader === undefined || loader === "" || !existsSync(program)) giveUp(`the packages hold no ${store}`);
  const file = path.join(root, store);
  const command = `exec "${path.join(unpacked, loader)}" --library-path "${libraries.join(":")}" "${program}" "$@"`;
  writeFileSync(file, `#!/bin/sh\n${command}\n`);
  chmodSync(file, 0o755);
  return file;
}

for (const folder of ["state/lists/partial", "cache/archives/partial", "debs"]) {
  mkdirSync(path.join(apt, folder), { recursive: true });
}
mkdirSync(unpacked, { recursive: true });
writeFileSync(path.join(apt, "status"), "");
writeFileSync(path.join(apt, "peers.sources"), `${ownSources().join("\n\n")}\n`);
run("apt-get", [...options(), "-q", "update"]);
run("apt-get", [...options(), "-q", "download", ...packages()], path.join(apt, "debs"));
for (const name of readdirSync(path.join(apt, "debs"))) {
  run("dpkg-deb", ["--extract", path.join(apt, "debs", name), unpacked]);
}
for (const store of stores) {
  const file = wrapper(store);
  const version = run(file, ["--version"]).trim();
  console.log(`${file}  ${version}`);
}
