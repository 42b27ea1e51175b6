/**
 * What `lossbound init` writes into somebody's project: a scenario to begin with, and a workflow that runs it every night.
 * They explain themselves, for they are read by people who have not read anything else yet.
 */
export interface NewFile {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

export interface Beginning {
  readonly target: string;
  readonly preset: string;
  readonly version: string;
  /** On how many machines a night is played. */
  readonly shards: number;
}

export function filesOf({ target, preset, version, shards }: Beginning): NewFile[] {
  return [
    { path: "lossbound/night.yaml", text: scenario(target, preset) },
    {
      path: ".github/workflows/lossbound.yml",
      text: shards > 1 ? matrix(target, version, shards) : workflow(target, version),
    },
  ];
}

function scenario(target: string, preset: string): string {
  return `# yaml-language-server: $schema=../node_modules/lossbound/scenarios/scenario.schema.json
# Run it:          npx lossbound run lossbound/night.yaml
# What there is:   npx lossbound list
name: night
why: >
  Our store, killed at any moment under load: what our clients were told is done must be there when it starts again.

# bundled (comes with lossbound), the path of an executable, or docker:IMAGE
target: ${JSON.stringify(target)}
# The configs to judge, each with its promise. Your own: a file beside this one, named by path, that extends one of them.
presets: [${preset}]

workload: { profile: mixed, clients: 4, calls: 20000 }
fault:
  kind: kill
  trigger: { kind: at-random-time, withinMs: [50, 1500] }
budget: { time: 5m }

# With less than this the verdict is "not known", and no pass: nothing was tested.
needs: { acks: 100, windows: [load] }

expect:
  # Our own limits, each a line with ✓ or ✗. A missed one fails the night.
  recoveryMsMax: 30000
  # What we know of and live with until that day: it is shown, and fails nothing. The fingerprint is in the report.
  # known:
  #   - { fingerprint: loss-beyond-bound-3f2a91c0, reason: our issue 42, until: 2027-03-31 }
`;
}

/** In the words of the workflow: how the store comes there. */
function installOf(target: string): string {
  return target.startsWith("/")
    ? `      - name: The store under test
        run: sudo apt-get update && sudo apt-get install --yes redis-server && sudo systemctl stop redis-server
`
    : "";
}

/** A night on several machines: each plays its shard, the last job puts together what they found. */
function matrix(target: string, version: string, shards: number): string {
  const indexes = Array.from({ length: shards }, (_, index) => index + 1).join(", ");
  return `# Kills the store every night, on ${shards} machines at a time, and says what it lost. The verdict is that of the job
# "merge": in its summary and its annotations; the page and the bundles of what was found are in the artifacts.
name: durability
on:
  schedule:
    - cron: "17 3 * * *"
  workflow_dispatch:

jobs:
  shard:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    strategy:
      # What one machine finds is no reason to stop the others.
      fail-fast: false
      matrix:
        shard: [${indexes}]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 20
${installOf(target)}      # The seed is the same on every machine, and when a job is run again.
      - name: Kill it
        run: >-
          npx --yes lossbound@${version} run lossbound/night.yaml --seed night-\${{ github.run_id }}
          --shard \${{ matrix.shard }}/${shards} --reporter blob=blobs/\${{ matrix.shard }}.blob
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: shard-\${{ matrix.shard }}
          path: |
            blobs
            results

  merge:
    needs: shard
    if: always()
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 20
      - uses: actions/download-artifact@v4
        with:
          path: shards
      # What the nights before found: with it this one can say what is new, ongoing and resolved.
      - uses: actions/cache@v4
        with:
          path: results/history.jsonl
          key: lossbound-\${{ github.run_id }}
          restore-keys: lossbound-
      - name: Merge
        run: npx --yes lossbound@${version} merge shards --reporter junit=lossbound.xml --reporter html=lossbound.html
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: lossbound
          path: |
            results
            lossbound.xml
            lossbound.html
`;
}

function workflow(target: string, version: string): string {
  return `# Kills the store every night and says what it lost. The verdict is in the summary of the run and in its annotations,
# the page and the bundles of what was found are in its artifacts.
name: durability
on:
  schedule:
    - cron: "17 3 * * *"
  workflow_dispatch:

jobs:
  night:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 20
${installOf(target)}      # What the nights before found: with it this one can say what is new, ongoing and resolved.
      - uses: actions/cache@v4
        with:
          path: results/history.jsonl
          key: lossbound-\${{ github.run_id }}
          restore-keys: lossbound-
      - name: Kill it
        run: npx --yes lossbound@${version} run lossbound/night.yaml --reporter junit=lossbound.xml
      # Power cuts need FUSE and root:
      #   sudo npx --yes lossbound@${version} run power-cut/everysec --target ${target}
      - name: Write the page
        if: always()
        run: npx --yes lossbound@${version} report
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: lossbound
          path: |
            results
            lossbound.xml
`;
}
