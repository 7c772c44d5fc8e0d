import { JamError } from "../../shared/errors.ts";
import type { NamedText } from "../../input/read-documents.ts";
import type { CommandContext } from "../command.ts";
import { readFileText, readStdinText, type InputText } from "./input-bytes.ts";

const ENDINGS = /\.(?:json|ya?ml)$/i;

/** More files than there are sites or machines anywhere; reading that many takes seconds. */
const MAX_FILES = 10_000;

/**
 * The texts of the files named on the command line: `-` is standard input, a folder stands for its JSON and YAML files.
 * @throws JamError JAM_USAGE_INVALID for what cannot be read
 */
export async function readInputFiles(
  context: CommandContext,
  files: readonly string[],
  flag: string,
): Promise<NamedText[]> {
  const texts: NamedText[] = [];
  for (const file of files) {
    if (file === "-") texts.push(named("standard input", await readStdinText(context.io), flag));
    else texts.push(...(await readPath(context.io.cwd, file, flag)));
  }
  return texts;
}

/**
 * The text of one file or of standard input.
 * @throws JamError JAM_USAGE_INVALID for what cannot be read
 */
export async function readInputFile(context: CommandContext, file: string, flag: string): Promise<NamedText> {
  const [text] = await readInputFiles(context, [file], flag);
  if (text !== undefined) return text;
  throw new JamError("JAM_USAGE_INVALID", `${flag}: ${file} is a folder without JSON or YAML files.`, {
    hint: "Name a file, or - for standard input.",
    details: { flag, file },
  });
}

async function readPath(cwd: string, file: string, flag: string): Promise<NamedText[]> {
  const { readdir, stat } = await import("node:fs/promises");
  const { join, resolve } = await import("node:path");
  const path = resolve(cwd, file);
  try {
    if (!(await stat(path)).isDirectory()) return [named(file, await readFileText(path), flag)];
    const names = (await readdir(path)).filter((name) => ENDINGS.test(name) && !name.startsWith(".")).sort();
    if (names.length === 0) throw new Error("it is a folder without JSON or YAML files");
    if (names.length > MAX_FILES) throw tooMany(flag, file, names.length);
    const texts: NamedText[] = [];
    for (const name of names) texts.push(named(join(file, name), await readFileText(join(path, name)), flag));
    return texts;
  } catch (cause) {
    if (cause instanceof JamError) throw cause;
    throw unreadable({ flag, file }, cause);
  }
}

function named(name: string, read: InputText, flag: string): NamedText {
  if ("text" in read) return { name, text: read.text };
  throw new JamError("JAM_USAGE_INVALID", `${flag}: ${name} is ${read.binary}.`, {
    hint: "Name a file of text: JSON or YAML that is not compressed.",
    details: { flag, file: name },
  });
}

function tooMany(flag: string, folder: string, count: number): JamError {
  return new JamError(
    "JAM_USAGE_INVALID",
    `${flag}: ${folder} contains ${count} JSON and YAML files, more than ${MAX_FILES}.`,
    {
      hint: "Name the files themselves, or a folder that contains only them.",
      details: { flag, folder, count },
    },
  );
}

/** A named file or folder that the system does not give out. */
export function unreadable(
  { flag, file }: { readonly flag: string; readonly file: string },
  cause: unknown,
  hint = "Name files that exist and that you may read, a folder of them, or - for standard input.",
): JamError {
  return new JamError("JAM_USAGE_INVALID", `${flag}: ${file} cannot be read.`, {
    cause,
    hint,
    details: { flag, file },
  });
}
