import { readFileSync } from "node:fs";

/** How the program was called, for commands that are printed to be copied: `npx jam` in a checkout, else `jam`. */
export function programName(env: Readonly<Record<string, string | undefined>>): string {
  return env["npm_command"] === "exec" ? "npx jam" : "jam";
}

/** The version of this program, from the package.json next to `src/` or `dist/`. */
export function readVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** How this program names itself to upstreams. */
export function userAgent(): string {
  return `jam/${readVersion()}`;
}

/** The groups of commands in the help, in its order. */
export const COMMAND_GROUPS = {
  start: "Start here:",
  mirror: "Maintain the mirror:",
  upgrade: "Upgrade Juju:",
  serve: "Serve Juju:",
  carry: "Cross an air gap:",
  setup: "Configure:",
} as const;
