import { parseAgentBinary } from "../../juju/agent.ts";
import { compareVersions, parseVersion } from "../../juju/version.ts";
import { headOf } from "../../channel/history.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { htmlText } from "../../shared/markup.ts";
import { shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import { SUMS_NAME, SUMS_SIGNATURE_NAME, type BundleFiles } from "../format/bundle-files.ts";
import { carriedContents, type BundleManifest } from "../format/manifest.ts";
import type { FinishedVolume } from "../write/write-progress.ts";

/** What the page contains. */
export interface PageContent {
  readonly manifest: BundleManifest;
  readonly volumes: readonly FinishedVolume[];
  readonly signedBy: { readonly fingerprint: string; readonly userId: string } | undefined;
  readonly files: BundleFiles;
}

/** A page to print and keep with the media: their contents, how to check them, who signed. One file, no script. */
export function formatPage({ manifest, volumes, signedBy, files }: PageContent): string {
  const carried = carriedContents(manifest);
  const bytes = carried.reduce((sum, { size }) => sum + size, 0);
  const relied = manifest.baseline.reduce((sum, { contents }) => sum + contents.length, 0);
  const [source] = manifest.proofs;
  const facts: [string, string][] = [
    ["Bundle", manifest.id],
    ["Snapshot", `${manifest.snapshot}, made ${manifest.createdAt}`],
    ["Contents", `${manifest.selection}: ${formatCount(carried.length, "file")}, ${formatByteSize(bytes)}`],
    ["Requires", relied === 0 ? "nothing" : `${formatCount(relied, "file")} that the far side has already`],
    ["Upstream", `${source?.url ?? "unknown"} (${source?.verified === true ? "verified" : "NOT VERIFIED"})`],
    [
      "Signed by",
      signedBy === undefined ? "nobody" : `${signedBy.userId}, ${formatFingerprint(signedBy.fingerprint)}`,
    ],
  ];
  if (manifest.channel !== undefined)
    facts.push([
      "Channel",
      `${manifest.channel.name}; its history ends with ${headOf(manifest.channel.history) ?? "nothing"}`,
    ]);
  if (manifest.missing.length > 0)
    facts.push(["Left out", manifest.missing.map(({ agent }) => agent).join(", ")]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>jam bundle ${htmlText(manifest.id)}</title>
<style>${STYLE}</style>
<h1>Juju agents, bundle ${htmlText(manifest.id)}</h1>
<table>${facts.map(([name, value]) => `<tr><th>${htmlText(name)}<td>${htmlText(value)}`).join("\n")}</table>
<h2>Media</h2>
<table><tr><th>File<th>Bytes<th>SHA-256<th>&#x2713;
${volumes.map(({ name, size, sha256 }) => `<tr><td>${htmlText(name)}<td class="n">${size}<td><code>${sha256}</code><td>`).join("\n")}</table>
<h2>Agents</h2>
<table><tr><th>Architectures<th>Versions
${versionRows(manifest).join("\n")}</table>
<h2>Check and import</h2>
<pre>${htmlText(commands(files, signedBy !== undefined).join("\n"))}</pre>
</html>
`;
}

const STYLE = `
body{font:9pt/1.35 sans-serif;margin:12mm;max-width:190mm}h1{font-size:13pt}h2{font-size:10pt;margin:1em 0 .3em}
table{border-collapse:collapse}th,td{border:1px solid #999;padding:1px 5px;text-align:left;vertical-align:top}
.n{text-align:right}code,pre{font:8pt/1.3 monospace}@page{margin:10mm}`;

function commands(files: BundleFiles, isSigned: boolean): ShellCommand[] {
  return [
    ...(isSigned
      ? [
          shellCommand`gpg --verify ${SUMS_SIGNATURE_NAME} ${SUMS_NAME}`,
          shellCommand`gpg --verify ${files.manifestSignature} ${files.manifest}`,
        ]
      : []),
    shellCommand`sha256sum -c ${SUMS_NAME}`,
    shellCommand`jam bundle verify .`,
    shellCommand`jam bundle import .`,
  ];
}

/** The versions whose tarballs are in the bundle, newest first, in one row for each set of architectures. */
function versionRows(manifest: BundleManifest): string[] {
  const carried = new Set(carriedContents(manifest).map(({ sha256 }) => sha256));
  const rows = manifest.catalogue.filter(({ sha256 }) => carried.has(sha256));
  const agents = rows.flatMap((row) => row.agents.map((name) => parseAgentBinary(name)));
  const versions = [...Map.groupBy(agents, ({ version }) => version)]
    .sort(([a], [b]) => compareVersions(parseVersion(b), parseVersion(a)))
    .map(([version, group]) => ({
      version,
      arches: [...new Set(group.map(({ arch }) => arch))].sort().join(", "),
    }));
  return [...Map.groupBy(versions, ({ arches }) => arches)].map(
    ([arches, group]) =>
      `<tr><td>${htmlText(arches)}<td>${group.map(({ version }) => htmlText(version)).join(", ")}`,
  );
}
