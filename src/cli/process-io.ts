import { once } from "node:events";
import type { WriteStream } from "node:tty";
import { JamError } from "../shared/errors.ts";
import type { CommandIo, OutputStream } from "./io.ts";
import { scanArguments } from "./global-options.ts";

/** The io of the running process. When `signal` is aborted, whoever waits for standard input fails with its reason. */
export function processIo(source: NodeJS.Process, signal: AbortSignal): CommandIo {
  const openStdin = () => {
    const { stdin } = source;
    const stop = () => void stdin.destroy(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    // Whoever reads gets the error as well; between two reads nobody listens.
    stdin.on("error", () => undefined);
    return stdin;
  };
  return {
    stdout: outputStream(source.stdout),
    stderr: outputStream(source.stderr),
    readInput: async () => {
      const { text } = await import("node:stream/consumers");
      return text(openStdin());
    },
    readBytes: openStdin,
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

const SMALL_NURSERY = "--max-semi-space-size=1";

/**
 * How a server allocates, where its operator has not said something else: threads share few heaps, and buffers below 1 MiB
 * come from these. With mappings of their own for buffers from 256 KiB on, single downloads were a third slower. Without them
 * for chunks of tarballs, which have 1 MiB each, a heap kept 50 MB of those that were free again.
 * Source: mallopt(3).
 */
const MALLOC: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "1048576",
};

/**
 * Replaces this process by the same one with other settings of its memory when the command is `serve`. A server lives long
 * and creates many short-lived small objects next to large buffers: with V8's default nursery it needs some 10 MiB more.
 * V8 and the C library read these settings at the start only.
 */
export function restartForServer(process: NodeJS.Process): void {
  const { execArgv, execPath, argv, env } = process;
  const isPossible = process.execve !== undefined && process.platform !== "win32";
  if (!isPossible || execArgv.includes(SMALL_NURSERY)) return;
  if (scanArguments(argv.slice(2)).commandName !== "serve") return;
  process.execve?.(execPath, [execPath, SMALL_NURSERY, ...execArgv, ...argv.slice(1)], { ...MALLOC, ...env });
}

/**
 * Gives this process the library path that its caller had. The executable of a package adds the folder of Node's
 * libraries, which are loaded by now, and no program that is started from here may get them. Call it after
 * `restartForServer`, which starts Node again.
 */
export function restoreLibraryPath(env: NodeJS.ProcessEnv): void {
  const before = env["JAM_INTERNAL_LIBRARY_PATH"];
  if (before === undefined) return;
  delete env["JAM_INTERNAL_LIBRARY_PATH"];
  if (before === "") delete env["LD_LIBRARY_PATH"];
  else env["LD_LIBRARY_PATH"] = before;
}

/** Aborted by the first SIGINT or SIGTERM. A second signal of the same kind ends the process at once. */
export function cancelOnSignals(process: NodeJS.Process): AbortSignal {
  const cancel = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      cancel.abort(new DOMException(`received ${name}`, "AbortError"));
    });
  }
  return cancel.signal;
}
