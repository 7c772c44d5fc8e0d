import type { SnapshotDiff } from "../../mirror/snapshots-document.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatLocalTime } from "../../shared/local-time.ts";
import { markdownCode } from "../../shared/markup.ts";

/** The difference of two snapshots as Markdown, for a change ticket. */
export function formatDiffMarkdown(diff: SnapshotDiff): string {
  const { from, to, added, removed, changed, bytes, versions, metadata } = diff;
  const sections = [
    "# What changes for Juju",
    `From ${markdownCode(from)} to ${markdownCode(to)}: ${formatCount(added.length, "agent")} added, ${removed.length} removed, ${changed.length} with other bytes; ${bytes < 0 ? "-" : "+"}${formatByteSize(Math.abs(bytes))}.`,
  ];
  if (versions.added.length > 0) sections.push(`New versions: ${codes(versions.added)}`);
  if (versions.removed.length > 0) sections.push(`Versions that go: ${codes(versions.removed)}`);
  const lists = [
    { title: "Added", names: added },
    { title: "Removed", names: removed },
    { title: "Other bytes under the same name", names: changed.map(({ agent }) => agent) },
  ];
  for (const { title, names } of lists)
    if (names.length > 0)
      sections.push(`## ${title}`, names.map((name) => `- ${markdownCode(name)}`).join("\n"));
  if (metadata.length > 0) {
    sections.push(
      "## Metadata of upstream",
      metadata
        .map(
          (document) => `- ${markdownCode(document.path)}: ${dateOf(document.from)} → ${dateOf(document.to)}`,
        )
        .join("\n"),
    );
  }
  return `${sections.join("\n\n")}\n`;
}

function dateOf(date: string | null): string {
  return date === null ? "no date" : formatLocalTime(date);
}

function codes(words: readonly string[]): string {
  return words.map(markdownCode).join(", ");
}
