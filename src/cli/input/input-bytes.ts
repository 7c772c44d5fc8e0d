import { decodeText, type DecodedText } from "../../shared/decode-text.ts";
import type { CommandIo } from "../io.ts";

/** Far more than any listing, plan or receipt has. The limit prevents a wrong file from filling the memory. */
export const MAX_INPUT_BYTES = 100 * 1000 * 1000;

/** A file's text, or why there is none; `binary` completes "FILE is …". */
export type InputText = DecodedText;

/** The text of a file, a pipe or a device, read to its end. Errors of the system are passed on. */
export async function readFileText(path: string): Promise<InputText> {
  const { createReadStream } = await import("node:fs");
  return readText(createReadStream(path));
}

/** The text of standard input; empty where there is none. */
export async function readStdinText(io: Pick<CommandIo, "readBytes" | "readInput">): Promise<InputText> {
  if (io.readBytes !== undefined) return readText(io.readBytes());
  return { text: (await io.readInput?.()) ?? "" };
}

async function readText(bytes: AsyncIterable<Uint8Array>): Promise<InputText> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > MAX_INPUT_BYTES) return { binary: `larger than ${MAX_INPUT_BYTES / 1e6} MB` };
    pieces.push(piece);
  }
  const [only] = pieces;
  return decodeText(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces));
}
