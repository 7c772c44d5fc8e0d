import type { DoctorDocument, DoctorFinding } from "../../doctor/doctor-document.ts";
import { CHECKS, type CheckId } from "../../doctor/finding-kinds.ts";
import { formatCount, nameSome } from "../../shared/listed.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { printable } from "../../shared/printable.ts";
import type { Paint } from "../output/output.ts";

/** Findings of one kind that are printed; the JSON has all. */
const MAX_ROWS = 8;

const VERDICTS = {
  healthy: { style: "green", text: "Nothing wrong" },
  problems: { style: "red", text: "Something is wrong" },
  "not-known": { style: "yellow", text: "Not known" },
} as const;

const SEVERITIES = {
  problem: { style: "red", text: "PROBLEM" },
  unknown: { style: "yellow", text: "UNKNOWN" },
  note: { style: "dim", text: "note" },
} as const;

/** The diagnosis for people: what is wrong first, then what was looked for. */
export function renderDoctor(document: DoctorDocument, paint: Paint): string {
  const { verdict, findings, checks, notChecked } = document;
  const { style, text } = VERDICTS[verdict];
  const counts = (["problem", "unknown", "note"] as const)
    .map((severity) => [severity, findings.filter((one) => one.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => (severity === "unknown" ? `${count} unknown` : formatCount(count, severity)));
  const lines = [
    `${paint(style, text)}${counts.length === 0 ? "" : `: ${counts.join(", ")}`}`,
    ...describeInputs(document),
    ...renderFindings(findings, paint),
  ];
  const fine = checks.filter(({ findings: own }) => own.length === 0);
  if (fine.length > 0) {
    lines.push(
      "",
      paint("green", "Looked for, and not found:"),
      ...fine.map(({ id, summary }) => `  ${id.padEnd(9)}  ${summary}`),
    );
  }
  if (notChecked.length > 0) {
    lines.push(
      "",
      "Not looked for:",
      ...notChecked.map(({ id, needs }) => `  ${id.padEnd(9)}  ${CHECKS[id as CheckId]}: needs ${needs}`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function describeInputs({ inputs, requests }: DoctorDocument): string[] {
  const read = inputs.map(
    ({ name, format, lines }) => `${printable(name, 100)} (${format}, ${formatCount(lines, "line")})`,
  );
  if (read.length === 0) return [];
  const rows = [`Read: ${nameSome(read, 6)}`];
  if (requests === null || requests.total === 0) return rows;
  const span =
    requests.from === null || requests.to === null
      ? ""
      : `, ${formatLocalTime(requests.from)} to ${formatLocalTime(requests.to)}`;
  rows.push(
    `${formatCount(requests.total, "request")}${span}; ${requests.juju} of Juju from ${formatCount(requests.clients, "client")}: ${formatCount(requests.lookups, "look-up")}, ${formatCount(requests.downloads, "download")}`,
  );
  if (requests.mirrors > 0)
    rows.push(
      `${formatCount(requests.mirrors, "request")} of other jam mirrors, which count as no controller`,
    );
  if (requests.jam > 0)
    rows.push(
      `Left out: ${formatCount(requests.jam, "request")} by which jam looked at the address (jam verify, jam lookup)`,
    );
  return rows;
}

/** Findings by kind: what and where, then once what it means and what to do. */
function renderFindings(findings: readonly DoctorFinding[], paint: Paint): string[] {
  const lines: string[] = [];
  const groups = Map.groupBy(findings, ({ kind, severity, means }) => `${kind} ${severity} ${means}`);
  for (const group of groups.values()) {
    const [first] = group as [DoctorFinding];
    const { style, text } = SEVERITIES[first.severity];
    lines.push("", `${paint(style, text)}  ${first.kind}: ${printable(first.means, 600)}`);
    for (const finding of group.slice(0, MAX_ROWS)) lines.push(...renderOne(finding, paint));
    if (group.length > MAX_ROWS) lines.push(`  and ${group.length - MAX_ROWS} more: -o json lists them`);
    for (const next of new Set(group.slice(0, MAX_ROWS).map((finding) => finding.next)))
      lines.push(`  Next: ${printable(next, 1_000)}`);
  }
  return lines;
}

function renderOne(
  { found, count, first, last, clients = [], seen, where }: DoctorFinding,
  paint: Paint,
): string[] {
  const times = count === 1 ? "once" : `${count} times`;
  const when =
    first === null || last === null
      ? ""
      : first === last
        ? `, ${formatLocalTime(first)}`
        : `, ${formatLocalTime(first)} to ${formatLocalTime(last)}`;
  const from = clients.length === 0 ? "" : `, from ${printable(nameSome(clients, 3), 200)}`;
  const how = seen.length === 0 ? "" : ` (${times}${when}${from})`;
  const lines = [`  ${printable(found, 400)}${how}`];
  const [line] = seen;
  if (line !== undefined)
    lines.push(paint("dim", `    ${printable(line.where, 120)}  ${printable(line.line, 160)}`));
  else if (where !== "") lines.push(paint("dim", `    ${printable(where, 200)}`));
  return lines;
}
