import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import type { DoctorInput } from "./doctor-document.ts";
import type { Sign } from "./fact-book.ts";
import type { WordsExamination } from "./juju/examine-words.ts";
import { linesOf, type TextLine } from "./log/lines.ts";
import { isText, LINES_TO_RECOGNISE, READERS, recogniseLog, type LogFormat } from "./log/recognise-log.ts";
import type { RequestsExamination } from "./requests/examine-requests.ts";
import { isoOf, type SeenLine } from "./sightings.ts";

/** A file that somebody handed in. */
export interface TextSource {
  readonly name: string;
  /** Named by whoever handed it in; else it is recognised. */
  readonly format?: LogFormat | undefined;
  /** How it was named on the command line. Default: as a log. */
  readonly flag?: "LOG" | "--juju";
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** Only what lies between counts; a line without time always does. */
export interface TimeSpan {
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Who is told what the lines say. */
export interface Readers {
  readonly requests: RequestsExamination;
  readonly words: WordsExamination;
  /** Lines that could not be read. */
  readonly unread: (sign: Sign, line: SeenLine) => void;
  readonly span: TimeSpan;
  readonly signal: AbortSignal;
}

/** How many lines pass between two looks at the signal. */
const LINES_PER_LOOK = 10_000;

/**
 * Reads one file from its first byte to its last, line by line.
 * @throws JamError JAM_LOG_FOREIGN where its first lines are of no known format, or not of the one that was named
 */
export async function readInput(source: TextSource, readers: Readers): Promise<DoctorInput> {
  const first: TextLine[] = [];
  let reader: LineReader | undefined;
  let position = 0;
  for await (const line of linesOf(source.bytes())) {
    position += 1;
    if (position % LINES_PER_LOOK === 0) readers.signal.throwIfAborted();
    if (reader !== undefined) {
      reader.take(line);
      continue;
    }
    if (line.text.trim() !== "") first.push(line);
    if (first.length < LINES_TO_RECOGNISE) continue;
    reader = openReader(source.name, recognise(source, first), readers);
    for (const one of first) reader.take(one);
  }
  if (reader === undefined) {
    if (first.length === 0)
      return source.format === "juju" ? openReader(source.name, "juju", readers).end() : emptyInput(source);
    reader = openReader(source.name, recognise(source, first), readers);
    for (const one of first) reader.take(one);
  }
  return reader.end();
}

function recognise({ name, format, flag }: TextSource, lines: readonly TextLine[]): LogFormat {
  const texts = lines.map(({ text }) => text);
  if (texts.filter(isText).length * 2 < texts.length) throw notText(name);
  const found = recogniseLog(texts);
  const isRequestLog = found === "jam" || found === "combined";
  if (flag === "--juju" && isRequestLog) throw notJuju(name);
  if (format !== undefined && !(format === "juju" && isRequestLog)) {
    const read = format === "juju" ? undefined : READERS[format];
    if (read === undefined || texts.some((text) => read(text) !== undefined)) return format;
  }
  if (typeof found === "string" && format === undefined) return found;
  const foreign =
    typeof found === "string"
      ? {
          is: `not in the format ${format ?? ""}, but ${found}`,
          next: `Leave --log-format out, or name ${found}.`,
        }
      : found;
  if (!texts.every(isText)) throw notText(name);
  const sample = printable(texts[0] ?? "", 120);
  throw new JamError("JAM_LOG_FOREIGN", `${printable(name)} is ${foreign.is}. Its first line: ${sample}`, {
    hint: foreign.next,
    details: { file: name },
  });
}

/** Its bytes are not shown: they are as foreign to a terminal. */
function notText(name: string): JamError {
  return new JamError("JAM_LOG_FOREIGN", `${printable(name)} is not text.`, {
    hint: "Name the log itself, compressed with gzip or zstd or not at all.",
    details: { file: name },
  });
}

function notJuju(name: string): JamError {
  return new JamError("JAM_LOG_FOREIGN", `${printable(name)} is a request log, not what Juju says.`, {
    hint: "Name it without --juju: jam doctor --juju FILE LOG. Each --juju takes one file.",
    details: { file: name },
  });
}

function emptyInput({ name, format }: TextSource): DoctorInput {
  return { name, format: format ?? "empty", lines: 0, requests: 0, unread: 0, from: null, to: null };
}

interface LineReader {
  take(line: TextLine): void;
  end(): DoctorInput;
}

function openReader(name: string, format: LogFormat, readers: Readers): LineReader {
  return format === "juju" ? readWords(name, readers) : readRequests(name, format, readers);
}

/** In the place of a line that no terminal shows. */
const NOT_TEXT_SHOWN = "(not text)";

function unreadable(name: string, format: LogFormat): Sign {
  const found = `lines of ${printable(name)} that are not of the format ${format}`;
  return { kind: "line-unreadable", about: name, found };
}

function readWords(name: string, { words, unread }: Readers): LineReader {
  let lines = 0;
  let unreadLines = 0;
  words.begin();
  return {
    take({ number, text }) {
      if (text.trim() === "") return;
      lines += 1;
      if (isText(text)) {
        words.see({ file: name, number, text });
        return;
      }
      unreadLines += 1;
      unread(unreadable(name, "juju"), { file: name, number, text: NOT_TEXT_SHOWN, at: undefined });
    },
    end: () => ({ name, format: "juju", lines, requests: 0, unread: unreadLines, from: null, to: null }),
  };
}

function readRequests(
  name: string,
  format: Exclude<LogFormat, "juju">,
  { requests, unread, span }: Readers,
): LineReader {
  const read = READERS[format];
  const counts = { lines: 0, requests: 0, unread: 0 };
  let from = Infinity;
  let to = -Infinity;
  return {
    take({ number, text, isCut }) {
      if (text.trim() === "") return;
      counts.lines += 1;
      const line = read(text);
      if (line === undefined || (isCut && !("request" in line))) {
        counts.unread += 1;
        const shown = isText(text) ? text : NOT_TEXT_SHOWN;
        unread(unreadable(name, format), { file: name, number, text: shown, at: undefined });
        return;
      }
      if ("other" in line) return;
      const at = "request" in line ? line.request.at : line.at;
      if (at !== undefined && ((span.since ?? -Infinity) > at || at > (span.until ?? Infinity))) return;
      const seen = { file: name, number, text, at };
      if ("trouble" in line) {
        requests.seeTrouble(line.trouble, seen, line.isDamage);
        return;
      }
      counts.requests += 1;
      if (at !== undefined) {
        from = Math.min(from, at);
        to = Math.max(to, at);
      }
      requests.see(line.request, seen);
    },
    end() {
      requests.end();
      const has = from <= to;
      return {
        name,
        format,
        ...counts,
        from: isoOf(has ? from : undefined),
        to: isoOf(has ? to : undefined),
      };
    },
  };
}
