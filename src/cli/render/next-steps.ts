import type { GlobalOptions } from "../global-options.ts";

/**
 * What a person does after a command that did its work, as lines after an empty one; none with --quiet, which prints the
 * result only. Remedies of findings and errors are a part of the result.
 */
export function afterwards(
  { isQuiet }: Pick<GlobalOptions, "isQuiet">,
  first: string,
  commands: readonly string[] = [],
): string[] {
  return isQuiet
    ? []
    : ["", `Next:${first === "" ? "" : ` ${first}`}`, ...commands.map((line) => `  ${line}`)];
}
