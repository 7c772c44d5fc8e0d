import type { RequestRecord } from "../server/request-log.ts";
import { printableJson } from "./output/document.ts";

/** Text that stands in JSON, and prints, as it is; nearly all of what is logged. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Texts whose quoted form is remembered, and parts of lines: few addresses and programs ask for few paths. */
const MAX_KNOWN = 2_048;

/**
 * Makes the lines of a request log: what JSON.stringify would make of the fields, in a twentieth of the time. A server writes
 * tens of thousands of these in a second.
 */
export function requestLines(now: () => Date): (record: RequestRecord) => string {
  const quoted = createQuoter();
  const startOf = createStarts(now);
  const answers = new Map<string, Remembered<"method" | "status" | "bytes">>();
  const clients = new Map<string, Remembered<"userAgent" | "aborted"> & { readonly whole: string }>();
  // The first half of the last line: many clients get the same answer in one millisecond.
  let last: FirstHalf | undefined;
  return (record) => {
    const { method, url, status, bytes, ms, remote, userAgent, aborted } = record;
    let answer = answers.get(url);
    if (answer?.status !== status || answer.bytes !== bytes || answer.method !== method) {
      const text = `"method":${quoted(method)},"url":${quoted(url)},"status":${status},"bytes":${bytes},"ms":`;
      answer = remember(answers, url, { method, status, bytes, text });
    }
    const start = startOf(status);
    if (last?.start !== start || last.answer !== answer || last.ms !== ms)
      last = { start, answer, ms, text: start + answer.text + String(ms) };
    let client = clients.get(remote);
    if (client?.userAgent !== userAgent || client.aborted !== aborted) {
      const text = `,"remote":${quoted(remote)},"userAgent":${quoted(userAgent)},"aborted":${aborted}`;
      client = remember(clients, remote, { userAgent, aborted, text, whole: text + END });
    }
    const more = formatMore(quoted, record);
    return last.text + (more === "" ? client.whole : client.text + more + END);
  };
}

/** What the first half of a line is made of. */
interface FirstHalf {
  readonly start: string;
  readonly answer: object;
  readonly ms: number;
  readonly text: string;
}

const END = ',"msg":"request"}\n';

/** A part of a line that is often the same, and the fields that it has to be made again for. */
type Remembered<Field extends keyof RequestRecord> = Pick<RequestRecord, Field> & { readonly text: string };

function remember<Key, Part>(known: Map<Key, Part>, key: Key, part: Part): Part {
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, part);
  return part;
}

/** The start of a line: its level and time, which is made once a millisecond. */
function createStarts(now: () => Date): (status: number) => string {
  let lastMs = Number.NaN;
  let starts = { info: "", error: "" };
  return (status) => {
    const at = now();
    if (at.getTime() !== lastMs) {
      lastMs = at.getTime();
      const time = `,"time":"${at.toISOString()}",`;
      starts = { info: `{"level":"info"${time}`, error: `{"level":"error"${time}` };
    }
    return status >= 500 ? starts.error : starts.info;
  };
}

/** What few requests have. */
function formatMore(
  quoted: (text: string) => string,
  { cache, error, forwardedFor, via }: Pick<RequestRecord, "cache" | "error" | "forwardedFor" | "via">,
): string {
  const between =
    forwardedFor === undefined && via === undefined ? "" : formatBetween(quoted, forwardedFor, via);
  const use = cache === undefined ? "" : `,"cache":"${cache}"`;
  const reason = error === undefined ? "" : `,"error":${printableJson(JSON.stringify(error))}`;
  return between + use + reason;
}

function formatBetween(
  quoted: (text: string) => string,
  forwardedFor: string | undefined,
  via: string | undefined,
): string {
  const forwarded = forwardedFor === undefined ? "" : `,"forwardedFor":${quoted(forwardedFor)}`;
  return via === undefined ? forwarded : `${forwarded},"via":${quoted(via)}`;
}

function createQuoter(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    return remember(known, text, PLAIN.test(text) ? `"${text}"` : printableJson(JSON.stringify(text)));
  };
}
