import { headOf } from "../../../channel/history.ts";
import type { Command } from "commander";
import type { InspectedBundle, Inspection } from "../../../bundle/read/inspect-bundles.ts";
import type { SignatureCheck } from "../../../bundle/signing.ts";
import { shownScope } from "../../../bundle/format/manifest.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { cutLists, formatCount } from "../../../shared/listed.ts";
import { printable } from "../../../shared/printable.ts";
import type { CommandCall, CommandContext, RunAction } from "../../command.ts";
import { EXIT } from "../../exit-status.ts";
import { formatTable } from "../../output/table.ts";
import { describeVolumes } from "./volume-text.ts";
import { formatFingerprint } from "../../../shared/signature.ts";
import { formatLocalTime } from "../../../shared/local-time.ts";

interface InspectFlags {
  readonly agents?: true;
}

/** Adds `inspect` to `parent`. */
export function defineInspect(parent: Command, run: RunAction): void {
  parent
    .command("inspect")
    .summary("show what a bundle contains and who signed it")
    .description(
      "Show what a bundle contains and who signed it. Reads only the beginning of each volume, and verifies no content.",
    )
    .argument("<from...>", "volumes, folders that contain them, or - for standard input")
    .option("--agents", "list every agent")
    .addHelpText(
      "after",
      `
One volume is enough: each one describes the whole bundle. A bundle whose signer is not trusted is shown, with a note.
jam bundle verify reads every byte.

Examples:
  jam bundle inspect /media/stick/
  jam bundle inspect jam-x.002.tar --agents
  ssh gateway cat bundle.tar | jam bundle inspect - -o json`,
    )
    .action(run(inspect));
}

async function inspect(context: CommandContext, call: CommandCall<InspectFlags>): Promise<number> {
  const config = await context.config();
  const { composeInputs, composeVerifyDetached } = await import("../../../compose/bundle.ts");
  const { inspectBundles } = await import("../../../bundle/read/inspect-bundles.ts");
  const paths = call.args[0] as readonly string[];
  const inputs = await composeInputs(paths, { cwd: context.io.cwd, stdin: context.io.readBytes });
  const inspection = await inspectBundles(inputs, await composeVerifyDetached(config));
  const listsAgents = call.options.agents === true;
  await context.output.print(documentOf(inspection, listsAgents), () =>
    render(inspection, listsAgents, context),
  );
  return inspection.faults.length > 0 ? EXIT.untrusted : 0;
}

function documentOf({ bundles, faults }: Inspection, listsAgents: boolean) {
  const described = bundles.map(({ manifest, signature, carries, agents, volumes }) => {
    const bundle = {
      id: manifest.id,
      createdAt: manifest.createdAt,
      snapshot: manifest.snapshot,
      scope: shownScope(manifest),
      selection: manifest.selection,
      ...(manifest.channel && {
        channel: {
          name: manifest.channel.name,
          entries: manifest.channel.history.length,
          head: headOf(manifest.channel.history),
        },
      }),
      signature: { state: signature.state, signedBy: signature.signedBy },
      carries,
      lists: agents.length,
      baseline: manifest.baseline.map(({ contents, ...from }) => ({ ...from, contents: contents.length })),
      upstreams: manifest.proofs.map(({ name, url, verified, documents }) => ({
        name,
        url,
        verified,
        documents: documents.length,
      })),
      missing: manifest.missing,
      advice: manifest.advice.length,
      volumes,
      ...(listsAgents ? { agents } : {}),
    };
    return cutLists(bundle, ["missing"]);
  });
  return cutLists({ bundles: described, faults }, ["faults"]);
}

async function render(
  { bundles, faults }: Inspection,
  listsAgents: boolean,
  context: CommandContext,
): Promise<string> {
  const blocks: string[] = [];
  for (const bundle of bundles) {
    const table = listsAgents ? `\n${await agentTable(bundle, context.width)}` : "";
    blocks.push(`${describe(bundle, context).join("\n")}\n${table}`);
  }
  const refused = faults.map(
    ({ path, code, message }) =>
      `${context.paint("red", "unreadable")}  ${printable(path)}: ${printable(message, 500)} [${code}]`,
  );
  return [...blocks, ...(refused.length > 0 ? [`${refused.join("\n")}\n`] : [])].join("\n");
}

function describe(
  { manifest, signature, carries, agents, volumes }: InspectedBundle,
  { paint }: CommandContext,
): string[] {
  const scope =
    manifest.scope === "mirror"
      ? `everything that ${manifest.channel === undefined ? "its maker's mirror" : `the channel ${manifest.channel.name} of its maker`} lists; an import removes what it does not list`
      : "a selection; an import adds agents and removes none";
  const lines = [
    `Bundle ${manifest.id}`,
    `  made       ${formatLocalTime(manifest.createdAt)}, snapshot ${manifest.snapshot}`,
    `  signature  ${describeSignature(signature, paint)}`,
    `  scope      ${scope}`,
    `  selection  ${printable(manifest.selection, 500)}`,
    `  carries    ${carries.agents} of ${formatCount(agents.length, "agent")} in ${formatCount(carries.tarballs, "tarball")} and ${formatCount(carries.documents, "document")}, ${formatByteSize(carries.bytes)}`,
  ];
  for (const { bundle, snapshot, contents } of manifest.baseline) {
    const from = bundle
      ? `bundle ${bundle}`
      : snapshot
        ? `snapshot ${snapshot}`
        : "the far side's inventory or receipt";
    lines.push(`  relies on  ${formatCount(contents.length, "file")} of ${from}`);
  }
  for (const { name, url, verified } of manifest.proofs)
    lines.push(
      `  upstream   ${printable(name)}, ${printable(url)}, ${verified ? "verified by its maker" : paint("red", "NOT VERIFIED by its maker")}`,
    );
  for (const { agent, reason } of manifest.missing.slice(0, 12))
    lines.push(`  ${paint("yellow", "left out")}   ${printable(agent)}: ${printable(reason)}`);
  if (manifest.missing.length > 12) lines.push(`             and ${manifest.missing.length - 12} more`);
  lines.push(`  advice     ${formatCount(manifest.advice.length, "rule")} of its maker`);
  const { channel } = manifest;
  if (channel !== undefined)
    lines.push(
      `  channel    ${channel.name}, history of ${channel.history.length} ${channel.history.length === 1 ? "entry" : "entries"}, ends with ${headOf(channel.history) ?? "none"}`,
    );
  const { found, count, volumeSize } = volumes;
  const size = volumeSize === null ? "" : `, ${formatByteSize(volumeSize)} each (${volumeSize} bytes)`;
  lines.push(`  volumes    ${describeVolumes(found)} of ${count}${size}`);
  return lines;
}

/** The state of a signature in words. */
export function describeSignature(
  { state, signedBy, fault }: SignatureCheck,
  paint: CommandContext["paint"],
): string {
  const shown = formatFingerprint(signedBy ?? "unknown");
  if (state === "trusted") return `by ${shown}, trusted here`;
  if (state === "unknown") return paint("red", `by key ${shown}, which is NOT TRUSTED here`);
  if (state === "unsigned") return paint("red", "none: NOT SIGNED");
  return paint("red", `INVALID: ${printable(fault?.message ?? "", 500)}`);
}

function agentTable({ agents }: InspectedBundle, width: number): Promise<string> {
  return formatTable(
    [
      { heading: "AGENT" },
      { heading: "SIZE", align: "right" },
      { heading: "SHA-256" },
      { heading: "STATE" },
      { heading: "PATH" },
    ],
    agents.map(({ agent, path, size, sha256, carried }) => [
      agent,
      formatByteSize(size),
      sha256,
      carried ? "carried" : "relied on",
      path,
    ]),
    width,
  );
}
