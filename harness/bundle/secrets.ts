/**
 * What of a config is nobody's business: a crash report is made to be pasted where everybody reads it. The directive stays,
 * so that a reader sees that one was set; its values go, there and wherever else they turn up.
 */
import type { Config } from "../targets/target.ts";

const secretDirectives = new Set([
  "requirepass",
  "masterauth",
  "masteruser",
  "primaryauth",
  "primaryuser",
  "user",
  "aclfile",
  "rename-command",
  "tls-key-file-pass",
  "tls-client-key-file-pass",
]);
const secretWord = /pass(word|wd)?$|secret|token|credential|api-?key/i;

export const redacted = "(redacted)";

export interface Redaction {
  readonly config: Config;
  /** Any other text of the report, without the values. */
  clean(text: string): string;
}

export function withoutSecrets(config: Config): Redaction {
  const isSecret = ([name]: Config[number]) => secretDirectives.has(name.toLowerCase()) || secretWord.test(name);
  const values = config
    .filter(isSecret)
    .flatMap(([, ...words]) => words)
    // Shorter ones would blank out half of the report, and protect nothing.
    .filter((word) => word.length >= 4)
    .sort((one, other) => other.length - one.length);
  return {
    config: config.map((directive) => (isSecret(directive) ? [directive[0], redacted] : directive)),
    clean: (text) => values.reduce((cleaned, value) => cleaned.replaceAll(value, redacted), text),
  };
}
