import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount, nameSome } from "../../shared/listed.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { printable } from "../../shared/printable.ts";
import type { VerifyDocument, VerifyFinding } from "../../verify/verify-document.ts";
import type { VerifyUrlDocument } from "../../verify/url/verify-url-document.ts";
import type { Paint } from "../output/output.ts";

/** Findings of one kind that are printed; the JSON has all. */
const MAX_ROWS = 20;

const VERDICTS = {
  whole: { style: "green", text: "Whole" },
  damaged: { style: "red", text: "NOT whole" },
  "not-known": { style: "yellow", text: "Not known" },
} as const;

const SEVERITIES = {
  damage: { style: "red", text: "DAMAGED" },
  unknown: { style: "yellow", text: "UNKNOWN" },
  note: { style: "dim", text: "note" },
} as const;

/** The result of `jam verify` for people. */
export async function renderVerify(document: VerifyDocument, paint: Paint): Promise<string> {
  const { verdict, deep, listed, checked, remaining, durationMs, findings } = document;
  const { style, text } = VERDICTS[verdict];
  // With --deep what no snapshot lists is read, too, such as what clients requested of a cache.
  const all = Math.max(listed.tarballs, checked.tarballs + remaining);
  const what = deep
    ? `hashed ${formatByteSize(checked.bytes)} in ${formatDuration(durationMs)}`
    : "sizes only; --deep reads every byte";
  const lines = [
    `${paint(style, text)}: ${formatCount(checked.tarballs, "tarball")} of ${all} checked, ${what}`,
    `Also checked: ${describeChecked(checked)}`,
  ];
  if (remaining > 0)
    lines.push(`Left for the next run: ${formatCount(remaining, "tarball")}. It begins with those.`);
  if (deep && document.oldest !== null)
    lines.push(`The oldest hash is from ${formatLocalTime(document.oldest)}.`);
  lines.push(...renderFindings(findings, paint));
  const isWithdrawn = findings.some(({ kind }) => WITHDRAWN.has(kind)) && document.withdrawn;
  if (isWithdrawn)
    lines.push("", "Damaged tarballs are no longer listed or served; their files are in quarantine/.");
  return `${lines.join("\n")}\n`;
}

/** The result of `jam verify --url` for people. */
export function renderVerifyUrl(document: VerifyUrlDocument, paint: Paint): string {
  const { verdict, url, ref, snapshot, checked, findings, durationMs } = document;
  const { style, text } = URL_VERDICTS[verdict];
  const lines = [
    `${paint(style, text)}: ${printable(url, 200)} against snapshot ${snapshot} of ${ref}`,
    `${formatCount(checked.requests, "request")} in ${formatDuration(durationMs)}: ${formatCount(checked.documents, "document")}, ${formatCount(checked.tarballs, "tarball")} (${checked.downloaded} downloaded), look-ups of ${formatCount(checked.generations, "generation")} of Juju`,
    ...renderFindings(findings, paint),
  ];
  return `${lines.join("\n")}\n`;
}

const URL_VERDICTS = {
  whole: { style: "green", text: "Served as it should be" },
  damaged: { style: "red", text: "NOT served as it should be" },
  "not-known": { style: "yellow", text: "Not known" },
} as const;

const WITHDRAWN: ReadonlySet<string> = new Set(["tarball-missing", "tarball-truncated", "tarball-altered"]);

function describeChecked(checked: VerifyDocument["checked"]): string {
  const { snapshots, documents, signatures, trees, files, notes, reports } = checked;
  return [
    formatCount(snapshots, "snapshot"),
    `${formatCount(documents, "document")} of upstream (${formatCount(signatures, "signature")})`,
    `${formatCount(files, "file")} of ${formatCount(trees, "published tree")}`,
    formatCount(notes, "note"),
    formatCount(reports, "report"),
  ].join(", ");
}

/** `3.6.5-ubuntu-amd64; released; agent/3.6.5/juju-3.6.5-linux-amd64.tgz`; empty where nothing is known of it. */
export function describeSubject({ agents = [], streams = [], path = "" }: VerifyFinding): string {
  const parts = [nameSome(agents, 3), streams.join(", "), printable(path, 200)];
  return parts.filter((part) => part !== "").join("; ");
}

/** Findings by kind: where and what, then once what it means and what to do. */
export function renderFindings(findings: readonly VerifyFinding[], paint: Paint): string[] {
  const lines: string[] = [];
  for (const [kind, all] of Map.groupBy(findings, (finding) => finding.kind)) {
    const [{ severity, means, next }] = all as [VerifyFinding];
    const { style, text } = SEVERITIES[severity];
    lines.push("", `${paint(style, text)}  ${kind}: ${means}`);
    for (const finding of all.slice(0, MAX_ROWS)) {
      const isNamed = finding.path !== undefined && finding.found.includes(finding.path);
      const subject = isNamed ? "" : describeSubject(finding);
      lines.push(
        `  ${printable(finding.where, 200)}${subject === "" ? "" : ` (${subject})`}`,
        `    ${printable(finding.found, 300)}`,
      );
    }
    if (all.length > MAX_ROWS) lines.push(`  and ${all.length - MAX_ROWS} more: -o json lists them`);
    lines.push(`  Next: ${next}`);
  }
  return lines;
}
