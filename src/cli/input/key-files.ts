import { open, readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { JamError } from "../../shared/errors.ts";
import type { CommandIo } from "../io.ts";
import { MAX_KEYRING_BYTES } from "../../shared/limits.ts";

/**
 * The bytes of a file with public keys; `-` is standard input.
 * @throws JamError JAM_USAGE_INVALID
 */
export async function readKeyFile(io: CommandIo, file: string): Promise<Uint8Array> {
  if (file === "-") return Buffer.from((await io.readInput?.()) ?? "");
  try {
    await using handle = await open(resolve(io.cwd, file));
    const { size } = await handle.stat();
    if (size > MAX_KEYRING_BYTES) throw new Error("it is too large");
    return await handle.readFile();
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `${file} cannot be read as a public key.`, {
      cause,
      hint: "Name the file that `jam key export` wrote on the other side, or - for standard input.",
      details: { file },
    });
  }
}

/**
 * Writes a public key to a new file and gives its absolute path. A file with these contents stays as it is.
 * @throws JamError JAM_USAGE_INVALID for a file with something else in it, or one that cannot be written
 */
export async function writeKeyFile(io: CommandIo, file: string, text: string): Promise<string> {
  const path = resolve(io.cwd, file);
  try {
    await writeFile(path, text, { flag: "wx", flush: true });
  } catch (cause) {
    if ((await readFile(path, "utf8").catch(() => undefined)) === text) return path;
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new JamError(
      "JAM_USAGE_INVALID",
      `${path} ${exists ? "exists already with other contents" : "cannot be written"}.`,
      { cause, hint: "Name another file with --to.", details: { file: path } },
    );
  }
  return path;
}
