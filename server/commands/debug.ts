/** DEBUG: what tests need to see and to force. Allowed where `enable-debug-command` says so. */
import type { Command } from "./command.ts";
import { container } from "./container.ts";
import { debugPersistence } from "./debug-persistence.ts";

export const debugCommands: readonly Command[] = [container("debug", "server", [...debugPersistence])];
