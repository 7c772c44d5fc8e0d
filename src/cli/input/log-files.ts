import type { TextSource } from "../../doctor/read-inputs.ts";
import type { LogFormat } from "../../doctor/log/recognise-log.ts";
import { compressionOf, inUtf8 } from "../../shared/decode-text.ts";
import { JamError } from "../../shared/errors.ts";
import type { CommandIo } from "../io.ts";
import { unreadable } from "./input-files.ts";

const READABLE = "Name files that exist and that you may read, or - for standard input.";

/** For what looks like the words themselves. */
const AS_TEXT =
  "This names a file. For a text, pipe it: echo 'ERROR …' | jam doctor --juju - (or write it to a file and name that).";

/** Programs that write to standard output what jam does not uncompress itself. */
const TOOLS = { xz: "xz -dc", bzip2: "bzip2 -dc", zip: "unzip -p" } as const;

/**
 * Files as they are read by `jam doctor`: never whole, uncompressed where they are gzip or zstd, whatever their names end in.
 * `-` is standard input.
 * @throws JamError JAM_USAGE_INVALID for a file that does not exist or is a folder
 */
export async function openLogFiles(
  io: Pick<CommandIo, "cwd" | "readBytes" | "readInput">,
  files: readonly string[],
  { flag, format }: { readonly flag: "LOG" | "--juju"; readonly format?: LogFormat | undefined },
): Promise<TextSource[]> {
  const { stat } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const { createReadStream } = await import("node:fs");
  const sources: TextSource[] = [];
  for (const file of files) {
    if (file === "-") {
      sources.push({
        name: "standard input",
        format,
        flag,
        bytes: () => textOf("standard input", readStdin(io)),
      });
      continue;
    }
    const path = resolve(io.cwd, file);
    const found = await stat(path).catch((cause: unknown) => {
      throw unreadable({ flag, file }, cause, /\s/.test(file) ? AS_TEXT : READABLE);
    });
    if (found.isDirectory()) throw aFolder(flag, file);
    sources.push({
      name: file,
      format,
      flag,
      bytes: () => textOf(file, readPieces(createReadStream(path), flag, file)),
    });
  }
  return sources;
}

async function* readStdin(io: Pick<CommandIo, "readBytes" | "readInput">): AsyncIterable<Uint8Array> {
  if (io.readBytes !== undefined) yield* io.readBytes();
  else yield Buffer.from((await io.readInput?.()) ?? "");
}

/** Errors of the disk name the file. */
async function* readPieces(
  bytes: AsyncIterable<Uint8Array>,
  flag: string,
  file: string,
): AsyncIterable<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    throw unreadable({ flag, file }, cause, READABLE);
  }
}

/** Text in UTF-8, whatever it is compressed with and encoded in. */
function textOf(name: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return inUtf8(uncompressed(name, bytes));
}

async function* uncompressed(name: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const rest = resume(first.value, iterator);
  const compression = compressionOf(first.value);
  if (compression === undefined) {
    yield* rest;
    return;
  }
  if (compression !== "gzip" && compression !== "zstd") {
    throw new JamError(
      "JAM_LOG_FOREIGN",
      `${name} is compressed with ${compression}, which jam does not read.`,
      {
        hint: `Uncompress it on the way: ${TOOLS[compression]} FILE | jam doctor -`,
        details: { file: name },
      },
    );
  }
  const { createGunzip, createZstdDecompress } = await import("node:zlib");
  const { Readable } = await import("node:stream");
  const decompressor = compression === "gzip" ? createGunzip() : createZstdDecompress();
  const source = Readable.from(rest, { objectMode: false });
  source.once("error", (error) => decompressor.destroy(error));
  try {
    yield* source.pipe(decompressor) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (cause instanceof JamError) throw cause;
    throw new JamError(
      "JAM_LOG_FOREIGN",
      `${name} is not whole: the end of its ${compression} data is missing or damaged.`,
      {
        hint: "Copy the file again, or leave it out.",
        details: { file: name },
        cause,
      },
    );
  } finally {
    source.destroy();
  }
}

async function* resume(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

function aFolder(flag: string, file: string): JamError {
  // The format of each file is recognised, so what a shell makes of the star needs no flag.
  const example = flag === "LOG" ? "jam doctor /var/log/nginx/access.log*" : "jam doctor /var/log/juju/*.log";
  return new JamError("JAM_USAGE_INVALID", `${flag}: ${file} is a folder.`, {
    hint: `Name the log files in it: ${example}`,
    details: { flag, file },
  });
}
