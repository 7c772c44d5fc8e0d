import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** How the program was called, for commands that are printed to be copied: `npx jam` in a checkout, else `jam`. */
export function programName(env: Readonly<Record<string, string | undefined>>): string {
  return env["npm_command"] === "exec" ? "npx jam" : "jam";
}

/**
 * The folder of this program, with a slash at its end: the one of package.json. The code is in `src/` or `dist/`, in
 * folders or, bundled, in one.
 */
export function programFolder(): URL {
  let folder = new URL(".", import.meta.url);
  while (!existsSync(new URL("package.json", folder)) && folder.pathname !== "/")
    folder = new URL("..", folder);
  return folder;
}

/** The version of this program. */
export function readVersion(): string {
  const file = new URL("package.json", programFolder());
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/**
 * What starts this program from units and crontabs, all paths absolute: the executable of a package, as it was called, so
 * that a link to the newest version stays one; without it Node and the script.
 */
export function programCommand(env: Readonly<Record<string, string | undefined>>): string[] {
  const launcher = env["JAM_INTERNAL_LAUNCHER"];
  if (launcher !== undefined) return [join(realpathSync(dirname(launcher)), basename(launcher))];
  return [process.execPath, fileURLToPath(new URL("bin/jam.js", programFolder()))];
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
