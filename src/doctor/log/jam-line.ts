import { z } from "zod";
import type { LogLine } from "./log-record.ts";

/** Source: cli/request-line.ts. Earlier and later versions may have fewer or more fields. */
const requestFields = z.object({
  msg: z.literal("request"),
  time: z.string(),
  method: z.string(),
  url: z.string(),
  status: z.int().min(100).max(599),
  bytes: z.number().optional(),
  remote: z.string(),
  userAgent: z.string().optional(),
  aborted: z.boolean().optional(),
  via: z.string().optional(),
  forwardedFor: z.string().optional(),
  error: z.object({ code: z.string() }).optional(),
});

/** Only a report about a damaged tarball has a SHA-256. Source: cli/commands/serve.ts */
const noteFields = z.object({
  msg: z.string(),
  time: z.string(),
  level: z.string(),
  sha256: z.string().optional(),
});

/** A line of JSON in what collects logs: journald, Docker. */
const wrapper = z.union([
  z.object({ MESSAGE: z.string() }).transform(({ MESSAGE }) => MESSAGE),
  z.object({ log: z.string(), stream: z.string() }).transform(({ log }) => log),
]);

/** Text before the line of jam: `Nov 30 03:00:00 host jam[123]: `, or what Kubernetes and Docker Compose write. */
const PREFIX = /^(?:[^{]{0,200}\]?: |\S{20,40} std(?:out|err) [FP] |[^{|]{1,100}\| )?(?=\{)/;

/**
 * Other lines of the log or journal of a server: its address, which it prints first, and what systemd writes, with or
 * without `-o cat`.
 */
const OTHER =
  /^https?:\/\/\S+$|^-- |^(?:Starting|Started|Stopping|Stopped|Reloading|Reloaded) \S|^[\w@.-]{1,80}\.service: |^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ [^\s:[\]]+(?:\[\d+\])?: /;

/** One line of what `jam serve` writes to a file or a journal. */
export function readJamLine(text: string): LogLine | undefined {
  const start = PREFIX.exec(text)?.[0].length;
  if (start === undefined) return OTHER.test(text) ? { other: true } : undefined;
  return readObject(start === 0 ? text : text.slice(start), 0);
}

function readObject(text: string, depth: number): LogLine | undefined {
  const value = parse(text);
  const request = requestFields.safeParse(value);
  if (request.success) {
    const { time, method, url, status, bytes, remote, userAgent, aborted, via, forwardedFor, error } =
      request.data;
    return {
      request: {
        at: timeOf(time),
        remote,
        method,
        target: url,
        status,
        bytes,
        userAgent,
        isAborted: aborted === true,
        via,
        forwardedFor,
        errorCode: error?.code,
      },
    };
  }
  const note = noteFields.safeParse(value);
  if (note.success) {
    const { level, msg, time, sha256 } = note.data;
    if (level !== "error") return { other: true };
    return { trouble: msg, at: timeOf(time), ...(sha256 !== undefined && { isDamage: true }) };
  }
  const inner = wrapper.safeParse(value);
  if (!inner.success || depth > 0) return undefined;
  // Whatever else a collector keeps is a line of another program.
  return readObject(inner.data.trimEnd(), depth + 1) ?? { other: true };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function timeOf(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
