import { formatByteSize } from "../../shared/byte-size.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { printable } from "../../shared/printable.ts";
import type { VerifyDocument, VerifyFault } from "../../verify/verify-document.ts";
import type { Paint } from "../output/output.ts";
import { formatTable } from "../output/table.ts";

/** Rows of the table; the JSON has all. */
const MAX_ROWS = 50;

const VERDICTS = {
  whole: { style: "green", text: "Whole" },
  damaged: { style: "red", text: "NOT whole" },
  "not-known": { style: "yellow", text: "Not known" },
} as const;

/** The result of `jam verify` for people. */
export async function renderVerify(document: VerifyDocument, paint: Paint): Promise<string> {
  const { outcome, deep, listed, checked, remaining, durationMs, faults } = document;
  const { style, text } = VERDICTS[outcome];
  const what = deep
    ? `hashed ${formatByteSize(checked.bytes)} in ${formatDuration(durationMs)}`
    : "sizes only; --deep reads every byte";
  const lines = [
    `${paint(style, text)}: ${formatCount(checked.tarballs, "tarball")} of ${listed.tarballs} checked, ${what}`,
  ];
  if (remaining > 0)
    lines.push(`Left for the next run: ${formatCount(remaining, "tarball")}. It begins with those.`);
  if (deep && document.oldest !== null)
    lines.push(`The oldest hash is from ${formatLocalTime(document.oldest)}.`);
  lines.push(...snapshotLines(document));
  if (faults.length > 0) lines.push("", await faultTable(faults), "", ...nextSteps(document));
  return `${lines.join("\n")}\n`;
}

function snapshotLines({ snapshots }: VerifyDocument): string[] {
  if (snapshots.length === 0) return [];
  const found = snapshots.map(({ id, state, isShown }) => `  ${id}  ${state}${isShown ? ", shown now" : ""}`);
  const next = snapshots.some(({ isShown }) => isShown)
    ? "Next: jam sync or jam bundle import, which publishes a new one."
    : "The mirror does not need them, and cannot go back to them: delete their files in snapshots/.";
  return ["", "Snapshots that cannot be read, so what they list was not checked:", ...found, next];
}

function faultTable(faults: readonly VerifyFault[]): Promise<string> {
  const rows = faults
    .slice(0, MAX_ROWS)
    .map(({ state, agents, sha256, how, isShown }) => [
      state,
      agents.slice(0, 3).join(", ") + (agents.length > 3 ? ` +${agents.length - 3}` : ""),
      sha256.slice(0, 12),
      `${printable(how, 200)}${isShown ? "" : " (only earlier snapshots list it)"}`,
    ]);
  return formatTable(
    [{ heading: "STATE" }, { heading: "AGENTS" }, { heading: "SHA-256" }, { heading: "FOUND" }],
    rows,
  ).then((table) =>
    faults.length > MAX_ROWS ? `${table}\n… and ${faults.length - MAX_ROWS} more` : table.trimEnd(),
  );
}

function nextSteps({ faults, withdrawn }: VerifyDocument): string[] {
  const isDamaged = faults.some(({ state }) => state !== "unreadable");
  const lines = [];
  if (isDamaged && withdrawn)
    lines.push("Damaged tarballs are no longer listed or served; their files are in quarantine/.");
  if (isDamaged)
    lines.push(
      "Next: jam sync, which fetches what upstream still lists; without upstream, jam bundle import.",
    );
  if (faults.some(({ state }) => state === "unreadable"))
    lines.push(
      "What is unreadable was not judged: run this as the owner of the data directory, and look at the disk.",
    );
  return lines;
}
