import { JamError } from "../../../shared/errors.ts";
import type { CommandContext } from "../../command.ts";

/**
 * Writes what is to be carried into the file that `--to` names, flushed: it may be on a stick. Gives its absolute path.
 * @throws JamError JAM_USAGE_INVALID
 */
export async function writeCarriedFile(
  { io }: Pick<CommandContext, "io">,
  file: string,
  text: string,
): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const path = resolve(io.cwd, file);
  try {
    await writeFile(path, text, { flush: true });
    return path;
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `--to: ${file} cannot be written.`, {
      cause,
      hint: "Give a file in an existing folder that you may write to.",
      details: { flag: "--to", file },
    });
  }
}
