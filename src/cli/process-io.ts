import { once } from "node:events";
import type { WriteStream } from "node:tty";
import { JamError } from "../shared/errors.ts";
import type { CommandIo, OutputStream } from "./io.ts";

/** The io of the running process. */
export function processIo(source: NodeJS.Process): CommandIo {
  return {
    stdout: outputStream(source.stdout),
    stderr: outputStream(source.stderr),
    readInput: async () => {
      const { text } = await import("node:stream/consumers");
      return text(source.stdin);
    },
    readBytes: () => source.stdin,
    writeBytes: (bytes) => writeBytes(source.stdout, bytes),
    env: source.env,
    cwd: source.cwd(),
  };
}

/** A reader that closes early is an error here: its copy is incomplete. */
async function writeBytes(stream: WriteStream, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of bytes) {
    await new Promise<void>((done, fail) => {
      stream.write(piece, (error) => (error ? fail(readerGone(error)) : done()));
    });
  }
}

function readerGone(error: NodeJS.ErrnoException): Error {
  if (error.code !== "EPIPE") return error;
  return new JamError(
    "JAM_MEDIUM_UNUSABLE",
    "The reader of standard output closed early; its copy is incomplete.",
    {
      hint: "Read the messages of the command after the pipe, then run both again.",
      cause: error,
    },
  );
}

function outputStream(stream: WriteStream): OutputStream {
  // The reader may close early (`jam list | head`): what is written afterwards is discarded.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: async (text) => {
      if (stream.destroyed || stream.write(text)) return;
      await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => undefined);
    },
    isTTY: stream.isTTY,
    columns: () => (stream.isTTY ? stream.columns : undefined),
  };
}
