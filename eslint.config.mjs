// The rules that a type checker and a formatter cannot keep: no floating promises, and the seam of the server
// (below server/world/ nothing knows real time, randomness, files, sockets or processes).
import tseslint from "typescript-eslint";

const realWorldModules = [
  "fs",
  "fs/promises",
  "net",
  "child_process",
  "worker_threads",
  "timers",
  "timers/promises",
  "dgram",
  "http",
  "https",
  "os",
  "process",
  "perf_hooks",
  "crypto",
  "cluster",
  "tls",
  "dns",
].flatMap((name) => [name, `node:${name}`]);

const realWorldGlobals = [
  "process",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "crypto",
];

/** The server, the oracle and whatever else must run the same in a simulated world. */
const noRealWorld = (reason) => ({
  "no-restricted-imports": ["error", { paths: realWorldModules.map((name) => ({ name, message: reason })) }],
  "no-restricted-globals": ["error", ...realWorldGlobals.map((name) => ({ name, message: reason }))],
  "no-restricted-properties": [
    "error",
    { object: "Math", property: "random", message: reason },
    { object: "Date", property: "now", message: reason },
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: reason },
  ],
});

export default tseslint.config(
  { ignores: ["dist/", "results/", "node_modules/", ".peers/", "**/*.mjs", "**/*.cjs"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unnecessary-condition": "error",
      "@typescript-eslint/only-throw-error": "error",
      "no-empty": ["error", { allowEmptyCatch: false }],
    },
  },
  {
    files: ["server/**/*.ts"],
    ignores: ["server/world/real-*.ts", "server/**/*main.ts", "server/**/*.test.ts"],
    rules: noRealWorld("below server/world/ nothing knows the real world: ask the World that was handed in"),
  },
  {
    files: [
      "harness/oracle/**/*.ts",
      "harness/operations/**/*.ts",
      "harness/sim/**/*.ts",
      "harness/disk/{crash-*,disk-*,file-*,names,stranded-pages,timeline,units}.ts",
      "harness/disk/survivors/**/*.ts",
    ],
    ignores: ["**/*.test.ts"],
    rules: noRealWorld("a judgement and a simulation must replay: no real time, randomness, files or processes here"),
  },
);
