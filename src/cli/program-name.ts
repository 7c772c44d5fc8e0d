/** How the program was called, for commands that are printed to be copied: `npx jam` in a checkout, else `jam`. */
export function programName(env: Readonly<Record<string, string | undefined>>): string {
  return env["npm_command"] === "exec" ? "npx jam" : "jam";
}
