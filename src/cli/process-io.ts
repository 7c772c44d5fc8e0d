import { once } from "node:events";
import type { WriteStream } from "node:tty";
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
    env: source.env,
    cwd: source.cwd(),
  };
}

function outputStream(stream: WriteStream): OutputStream {
  // The reader may leave early (`jam list | head`): what is written afterwards goes nowhere, and that is fine.
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
