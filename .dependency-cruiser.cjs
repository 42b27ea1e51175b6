// Who may import whom. The picture is in ARCHITECTURE.md; this file is what holds it.
const tests = "\\.test\\.ts$";
module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      comment: "a circle means that two files are one, or that a third is missing",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "server-stands-alone",
      severity: "error",
      from: { path: "^server/", pathNot: tests },
      to: { path: "^(harness|scenarios|reports)/" },
    },
    {
      name: "scenarios-stand-alone",
      severity: "error",
      from: { path: "^scenarios/", pathNot: tests },
      to: { path: "^(harness|server|reports)/" },
    },
    {
      name: "reports-stand-alone",
      severity: "error",
      from: { path: "^reports/", pathNot: tests },
      to: { path: "^(harness|server|scenarios)/" },
    },
    {
      name: "oracle-never-knows-the-server",
      severity: "error",
      comment: "a judge who shares code with the accused repeats its mistakes",
      from: { path: "^harness/(oracle|operations)/", pathNot: tests },
      to: { path: "^server/" },
    },
    {
      name: "only-the-cli-faces-the-user",
      severity: "error",
      from: { path: "^harness/", pathNot: "^harness/cli/" },
      to: { path: "^harness/cli/" },
    },
    {
      name: "disk-knows-only-recordings",
      severity: "error",
      from: { path: "^harness/disk/", pathNot: tests },
      to: { path: "^harness/(oracle|targets|faults|cli|recover|workload|sim|fuse)/" },
    },
    {
      name: "no-test-in-production",
      severity: "error",
      from: { pathNot: `(${tests}|^tests/|^bench/)` },
      to: { path: `(${tests}|^tests/|^bench/)` },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
