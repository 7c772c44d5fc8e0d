import { formatByteSize } from "../shared/byte-size.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { CommandContext } from "./command.ts";
import { LOG_LEVELS } from "./global-options.ts";
import { printable } from "../shared/printable.ts";
import { printableJson } from "./output/document.ts";
import { requestLines } from "./request-line.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** Where the server's log goes: short lines for a terminal, JSON lines for journald and files. */
export interface ServerLog {
  readonly request: (record: RequestRecord) => void;
  readonly damage: (sha256: string, how: string) => void;
  readonly note: (message: string) => void;
  /** What an operator should look into; written also with --quiet. */
  readonly problem: (message: string) => void;
  /** Writes what was not written yet, before the process ends. */
  readonly flush: () => void;
}

type LineLevel = "info" | "error";

/** The log that --log-level and --quiet select, on standard error. `isCache`: what is damaged is fetched again. */
export function createServerLog(context: CommandContext, { isCache = false } = {}): ServerLog {
  const next = isCache ? "the next request fetches it again" : "run `jam sync`";
  return context.io.stderr.isTTY ? terminalLog(context, next) : jsonLog(context, next);
}

/** How long lines may wait to be written together: a write costs more than many lines. */
const GATHER_MS = 20;
/** More than this is written at once: text that is kept for longer costs the garbage collector more than a write. */
const GATHER_CHARACTERS = 32 << 10;

function jsonLog({ io, globals, now }: CommandContext, next: string): ServerLog {
  const most = LOG_LEVELS.indexOf(globals.isQuiet ? "warn" : globals.logLevel);
  const isLogged = (level: LineLevel) => LOG_LEVELS.indexOf(level) <= most;
  const isLoggedOf = { info: isLogged("info"), error: isLogged("error") };
  const lineOf = requestLines(now);
  let lines = "";
  let writtenAt = -Infinity;
  const flush = () => {
    const text = lines;
    lines = "";
    if (text === "") return;
    writtenAt = performance.now();
    void io.stderr.write(text);
  };
  const write = (line: string) => {
    if (lines === "") {
      // One that comes alone is written at once, many that come together in one piece.
      if (performance.now() - writtenAt > GATHER_MS) setImmediate(flush);
      else setTimeout(flush, GATHER_MS);
    }
    lines += line;
    if (lines.length >= GATHER_CHARACTERS) flush();
  };
  const note = (level: LineLevel, fields: Readonly<Record<string, string>>, msg: string) => {
    if (!isLogged(level)) return;
    const line = { level, time: now().toISOString(), ...fields, msg };
    write(`${printableJson(JSON.stringify(line))}\n`);
  };
  return {
    request: (record) => {
      if (isLoggedOf[record.status >= 500 ? "error" : "info"]) write(lineOf(record));
    },
    flush,
    damage: (sha256, how) =>
      note("error", { sha256, how }, `a tarball in the mirror is damaged and not served: ${next}`),
    note: (message) => note("info", {}, message),
    problem: (message) => note("error", {}, message),
  };
}

/** Juju asks for the signed name first, and then asks for the other one; without an explanation this reads as a fault. */
const SIGNED_NAME = " (as it should: Juju asks for the signed index first, then for index2.json)";

function isSignedName({ url, status }: RequestRecord): boolean {
  return status === 404 && /^\/tools\/streams\/v1\/[^?]*\.sjson$/.test(url);
}

function terminalLog({ io, globals, now, paintError }: CommandContext, next: string): ServerLog {
  const write = (text: string) => void io.stderr.write(`${formatLocalTime(now())} ${text}\n`);
  const isVerbose = !globals.isQuiet && !["warn", "error"].includes(globals.logLevel);
  return {
    request: (record) => {
      if (!isVerbose && record.status < 500) return;
      const isFine = record.status < 400 || isSignedName(record);
      const style = record.status >= 500 ? "red" : isFine ? "green" : "yellow";
      const status = paintError(style, String(record.status));
      const size = formatByteSize(record.bytes);
      const cut = record.aborted ? " (cut off)" : "";
      const cache = record.cache === undefined ? "" : ` cache ${record.cache}`;
      const reason =
        record.error === undefined ? (isSignedName(record) ? SIGNED_NAME : "") : ` ${record.error.code}`;
      write(
        `${status} ${record.method} ${printable(record.url, Infinity)} ${size} ${record.ms} ms ${record.remote}${cache}${cut}${reason}`,
      );
    },
    damage: (sha256, how) =>
      write(`${paintError("red", "damaged")} blob ${sha256}, not served: ${printable(how, 200)}; ${next}`),
    flush: () => undefined,
    note: (message) => {
      if (isVerbose) write(printable(message, 500));
    },
    problem: (message) => write(`${paintError("red", "problem")} ${printable(message, 500)}`),
  };
}
