import type { CommandEntry } from "./command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "config",
    summary: "show, check and explain the settings",
    group: "setup",
    load: () => import("./commands/config.ts"),
  },
];
