/**
 * What the process calls itself in the list of processes, by `proc-title-template`:
 *
 *     {title} {listen-addr} {server-mode}   →   lossbound-server 127.0.0.1:6379
 *
 * The system may show less of it than there is.
 */

import type { Config } from "./config/config.ts";
import { BadValue, type Directive, quote } from "./config/directive.ts";
import type { Process } from "./world/world.ts";

const title = "lossbound-server";
const variables = ["title", "listen-addr", "server-mode", "port", "tls-port", "config-file", "unixsocket"] as const;

/** A template, which may name what there is and nothing else. */
export function titleTemplate(initial: string): Directive<string> {
  return {
    initial,
    read([template = ""]) {
      const isKnown = [...template.matchAll(/\{([^{}]*)\}/g)].every(([, name]) =>
        variables.some((known) => known === name),
      );
      if (!isKnown || /[{}]/.test(template.replaceAll(/\{[^{}]*\}/g, ""))) {
        throw new BadValue("template format is invalid or contains unknown variables");
      }
      return template;
    },
    print: (template) => template,
    lines: (template) => [quote(template)],
  };
}

export function describeProcess(config: Config): string {
  const port = config.get("port");
  const unixsocket = config.get("unixsocket");
  const [address = "*"] = config.get("bind");
  const values: Readonly<Record<(typeof variables)[number], string>> = {
    title,
    "listen-addr": port === 0 && unixsocket !== "" ? unixsocket : `${address.replace(/^-/, "")}:${port}`,
    "server-mode": "",
    port: String(port),
    "tls-port": "0",
    "config-file": config.file ?? "",
    unixsocket,
  };
  return config
    .get("proc-title-template")
    .replaceAll(/\{([^{}]*)\}/g, (_whole, name: (typeof variables)[number]) => values[name])
    .trimEnd();
}

/** At the start, and when one of the things that it tells is another one. */
export function showTitle(config: Config, process: Process): void {
  if (config.get("set-proc-title")) process.setTitle(describeProcess(config));
}
