import { isJujuLine } from "../juju/juju-line.ts";
import { readCombinedLine } from "./combined-line.ts";
import { readJamLine } from "./jam-line.ts";
import type { ReadLogLine } from "./log-record.ts";

/** Formats that are read. `juju` is what Juju says, in a log or on a terminal. */
export const LOG_FORMATS = ["jam", "combined", "juju"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const READERS: Readonly<Record<Exclude<LogFormat, "juju">, ReadLogLine>> = {
  jam: readJamLine,
  combined: readCombinedLine,
};

/** Lines from which a format is recognised. */
export const LINES_TO_RECOGNISE = 200;

/** Why a text is none of the formats, and what to do. */
export interface ForeignLog {
  /** Completes "FILE is …". */
  readonly is: string;
  readonly next: string;
}

const ACCEPTED =
  "Give the request log of jam serve, or the access log of nginx or Apache in the combined format; --log-format names the format of a log whose beginning misleads.";

/** A zero byte, or bytes that are not UTF-8. */
const NOT_TEXT = new RegExp(String.raw`\x00|\ufffd.*\ufffd`);

/** False for a line with a zero byte, or of which much is not UTF-8; a few letters of another encoding are text. */
export function isText(line: string): boolean {
  return !line.includes("\0") && line.split("\ufffd").length - 1 <= line.length / 10;
}

const OTHER_JSON: ForeignLog = { is: "JSON of another program", next: ACCEPTED };
const CUT_JSON: ForeignLog = {
  is: "JSON that is cut",
  next: "Give the whole log: each line of it is one object that ends with }.",
};

const FOREIGN: readonly (readonly [RegExp, ForeignLog])[] = [
  [
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+:/,
    { is: "an error log of nginx", next: "Give its access log: access_log in nginx.conf names the file." },
  ],
  [
    /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d[^\]]*\] \[/,
    {
      is: "an error log of Apache",
      next: "Give its access log: CustomLog in the configuration names the file.",
    },
  ],
  [
    /^\d{9,10}\.\d{3} +\d+ \S+ [A-Z_]+\/\d{3} \d+ [A-Z]+ /,
    {
      is: "an access log of Squid",
      next: "Let Squid write the combined format: access_log … logformat=combined.",
    },
  ],
  [
    /^#(?:Software|Version|Fields|Date): /,
    { is: "a log in the W3C format, as IIS writes it", next: "Convert it to the combined format." },
  ],
  [
    /haproxy\[\d+\]: /,
    {
      is: "a log of HAProxy",
      next: "Give the log of jam serve or of the web server that HAProxy passes requests to.",
    },
  ],
  [
    /^\{.*"logger":"http\.log\.access/,
    {
      is: "an access log of Caddy in JSON",
      next: "Give the log of jam serve behind it, or let Caddy write the combined format (format transform).",
    },
  ],
  [
    /^\{.*"(?:RequestPath|DownstreamStatus)":/,
    {
      is: "an access log of Traefik in JSON",
      next: "Set accessLog.format to common, or give the log of jam serve behind it.",
    },
  ],
  [
    /^\{.*"(?:jsonPayload|httpRequest|elb_status_code|cs-uri-stem)":/,
    { is: "a log of a cloud's load balancer", next: "Give the log of jam serve behind it." },
  ],
  [
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \d{3} [A-Z]+ \//,
    {
      is: "what jam serve prints on a terminal, which does not say which program asked",
      next: "Write its log to a file: jam serve 2> requests.log; under systemd, journalctl -u jam-serve -o cat has it (-u jam with the Debian package).",
    },
  ],
  [
    /^\{? {0,8}"?(?:model|models|controllers|machines|applications|details)"?:|^\{"[^"]{1,100}":\{"details":/,
    {
      is: "the output of a juju command",
      next: "Name each of these files with a --fleet of its own, and the log without a flag.",
    },
  ],
  [NOT_TEXT, { is: "not text", next: ACCEPTED }],
  [/^\{/, OTHER_JSON],
  [/^</, { is: "a page of HTML or XML", next: ACCEPTED }],
  [
    /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S+: /,
    {
      is: "a system log without requests",
      next: "Give only the lines of the server: journalctl -u jam-serve -o cat",
    },
  ],
];

/** The format that most of these first lines have, or what they are instead. Lines must not all be empty. */
export function recogniseLog(lines: readonly string[]): LogFormat | ForeignLog {
  const counts: Record<LogFormat, number> = { jam: 0, combined: 0, juju: 0 };
  for (const line of lines) {
    const jam = readJamLine(line);
    // Lines of a journal count for jam only where jam is among them.
    if (jam !== undefined && (!("other" in jam) || line.startsWith('{"level":'))) counts.jam += 1;
    else if (readCombinedLine(line) !== undefined) counts.combined += 1;
    else if (isJujuLine(line)) counts.juju += 1;
  }
  const [format] = LOG_FORMATS.toSorted((a, b) => counts[b] - counts[a]);
  if (format !== undefined && counts[format] > 0) return format;
  const beginnings = lines.map((line) => line.trimStart().slice(0, 1_000));
  const [, foreign] = FOREIGN.find(([pattern]) => beginnings.some((line) => pattern.test(line))) ?? [];
  if (foreign === OTHER_JSON && !lines.some(isObject)) return CUT_JSON;
  return foreign ?? { is: "not a log that jam knows", next: ACCEPTED };
}

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}
