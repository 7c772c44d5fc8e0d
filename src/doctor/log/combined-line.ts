import type { LogLine } from "./log-record.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * One line of the combined or common log of nginx, Apache and others, with or without the name of the virtual host before it
 * and with more fields after it. nginx's own example adds X-Forwarded-For in quotes.
 * Source: nginx ngx_http_log_module "combined"; Apache mod_log_config "vhost_combined"
 */
export function readCombinedLine(text: string): LogLine | undefined {
  const opening = text.indexOf(" [");
  const closing = opening < 0 ? -1 : text.indexOf('] "', opening);
  if (closing < 0 || opening > 600) return undefined;
  const at = timeOf(text.slice(opening + 2, closing));
  const words = text.slice(0, opening).split(" ");
  // A virtual host has a port behind its name, and the address follows.
  const remote = words.length > 3 && /:\d+$/.test(words[0] ?? "") ? words[1] : words[0];
  if (at === undefined || remote === undefined || remote === "" || words.length < 3) return undefined;
  const requestEnd = endOfQuoted(text, closing + 3);
  if (requestEnd < 0) return undefined;
  const [, status, size] = /^ (\d{3}) (\d+|-)(?= |$)/.exec(text.slice(requestEnd + 1, requestEnd + 40)) ?? [];
  if (status === undefined || size === undefined) return undefined;
  const rest = quotedAfter(text, requestEnd + 1 + status.length + size.length + 2);
  const [, userAgent, forwardedFor] = rest;
  return {
    request: {
      at,
      remote,
      ...requestOf(text.slice(closing + 3, requestEnd)),
      status: Number(status),
      bytes: size === "-" ? 0 : Number(size),
      userAgent: userAgent === "-" ? "" : userAgent,
      // Any format may come after the user agent: only what looks like addresses counts.
      forwardedFor:
        forwardedFor !== undefined && /^[\da-fA-F.:]+(?:, ?[\da-fA-F.:]+)*$/.test(forwardedFor)
          ? forwardedFor
          : undefined,
    },
  };
}

/** `GET /tools/… HTTP/1.1`. What is not HTTP is logged as it came: the method is then empty. */
function requestOf(line: string): { method: string; target: string; protocol: string | undefined } {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const protocol = line.slice(last + 1);
  if (first <= 0 || !/^[A-Z]{1,20}$/.test(line.slice(0, first)))
    return { method: "", target: line, protocol: undefined };
  if (last === first || !protocol.startsWith("HTTP/"))
    return { method: line.slice(0, first), target: line.slice(first + 1), protocol: undefined };
  return { method: line.slice(0, first), target: line.slice(first + 1, last), protocol };
}

/** Texts in quotes, in order, to the end of the line. */
function quotedAfter(text: string, start: number): string[] {
  const found: string[] = [];
  let from = text.indexOf('"', start);
  while (from >= 0 && found.length < 4) {
    const end = endOfQuoted(text, from + 1);
    if (end < 0) break;
    found.push(text.slice(from + 1, end));
    from = text.indexOf('"', end + 1);
  }
  return found;
}

/** Where the quote ends that begins before `from`; Apache and nginx write a quote inside as `\"` or `\x22`. */
function endOfQuoted(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

/** `30/Nov/2026:03:00:00 +0000` */
function timeOf(text: string): number | undefined {
  const [, day, month = "", year, hours, minutes, seconds, sign, ahead, more] =
    /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text) ?? [];
  const index = MONTHS.indexOf(month);
  if (index < 0) return undefined;
  const utc = Date.UTC(Number(year), index, Number(day), Number(hours), Number(minutes), Number(seconds));
  const offset = (Number(ahead) * 60 + Number(more)) * 60_000;
  return utc - (sign === "-" ? -offset : offset);
}
