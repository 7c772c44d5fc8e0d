import { formatByteSize } from "../shared/byte-size.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { CommandContext } from "./command.ts";
import { printable } from "../shared/printable.ts";
import { printableJson } from "./output/document.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** Where the server's log goes: short lines for a terminal, JSON lines for journald and files. */
export interface ServerLog {
  readonly request: (record: RequestRecord) => void;
  readonly damage: (sha256: string, how: string) => void;
  readonly note: (message: string) => void;
}

/** The log that --log-level and --quiet select, on standard error. */
export async function createServerLog(context: CommandContext): Promise<ServerLog> {
  return context.io.stderr.isTTY ? terminalLog(context) : jsonLog(context);
}

async function jsonLog({ io, globals }: CommandContext): Promise<ServerLog> {
  const { pino, stdTimeFunctions } = await import("pino");
  const level = globals.isQuiet ? "warn" : globals.logLevel;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void io.stderr.write(printableJson(line)) },
  );
  return {
    request: (record) => logger[record.status >= 500 ? "error" : "info"](record, "request"),
    damage: (sha256, how) =>
      logger.error({ sha256, how }, "a tarball in the mirror is damaged and not served: run `jam sync`"),
    note: (message) => logger.info(message),
  };
}

/** Juju asks for the signed name first, and goes on with the other one; without a word this reads as a fault. */
const SIGNED_NAME = " (as it should: Juju asks for the signed index first, then for index2.json)";

function isSignedName({ url, status }: RequestRecord): boolean {
  return status === 404 && /^\/tools\/streams\/v1\/[^?]*\.sjson$/.test(url);
}

function terminalLog({ io, globals, now, paintError }: CommandContext): ServerLog {
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
      const reason =
        record.error === undefined ? (isSignedName(record) ? SIGNED_NAME : "") : ` ${record.error.code}`;
      write(
        `${status} ${record.method} ${printable(record.url, Infinity)} ${size} ${record.ms} ms ${record.remote}${cut}${reason}`,
      );
    },
    damage: (sha256, how) =>
      write(
        `${paintError("red", "damaged")} blob ${sha256}, not served: ${printable(how, 200)}. Run \`jam sync\``,
      ),
    note: (message) => {
      if (isVerbose) write(message);
    },
  };
}
