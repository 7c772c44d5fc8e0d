import type { ImportRules, ImportWork } from "../../../bundle/import/import-work.ts";
import { readTarget } from "../../../bundle/import/channel-target.ts";
import { previewImport, type BundlePreview } from "../../../bundle/import/preview.ts";
import { shownScope } from "../../../bundle/format/manifest.ts";
import type { VolumeInput } from "../../../medium/medium.ts";
import { currentSnapshot } from "../../../mirror/read-snapshots.ts";
import { formatByteSize } from "../../../shared/byte-size.ts";
import { cutLists, formatCount } from "../../../shared/listed.ts";
import { printable } from "../../../shared/printable.ts";
import { MIRROR_REF } from "../../../shared/ref-name.ts";
import type { CommandContext } from "../../command.ts";
import { formatAgentNames } from "../../render/agent-names.ts";
import { formatFingerprint } from "../../../shared/signature.ts";

/** Prints what an import would do. */
export async function printDryRun(
  context: CommandContext,
  inputs: readonly VolumeInput[],
  { rules, work }: { readonly rules: ImportRules; readonly work: ImportWork },
): Promise<number> {
  const target = work.channel && (await readTarget(work.store, work.channel));
  const current = target === undefined ? await currentSnapshot(work.store, MIRROR_REF) : target.state.current;
  const previews = await previewImport(inputs, { rules, work, current, target });
  const free = (await work.store.space?.()) ?? null;
  const bundles = previews.map(
    ({ manifest, volumes, count, imports, removes, withdrawn, missing, signedBy }) => {
      const bundle = {
        id: manifest.id,
        createdAt: manifest.createdAt,
        scope: shownScope(manifest),
        signedBy,
        volumes: { found: volumes.toSorted((a, b) => a - b), count },
        imports,
        removes,
        withdrawn: withdrawn ?? [],
        missing: missing.map((content) => cutLists(content, ["agents", "volumes"])),
      };
      const cut = cutLists(bundle, ["removes", "withdrawn", "missing"]);
      return withdrawn === undefined ? { ...cut, withdrawn: null } : cut;
    },
  );
  for (const { warning } of previews)
    if (warning !== undefined) await context.output.warn(`warning: ${printable(warning, Infinity)}`);
  await context.output.print(
    { plan: { bundles, freeBytes: free } },
    async () =>
      `${(await Promise.all(previews.map((preview) => render(preview, rules)))).join("\n")}\n${free === null ? "" : `Free: ${formatByteSize(free)}\n`}`,
  );
  return 0;
}

async function render(preview: BundlePreview, { onUpstreamRemoval }: ImportRules): Promise<string> {
  const { manifest, volumes, count, imports, removes, withdrawn, missing, signedBy } = preview;
  const lines = [
    `Bundle ${manifest.id}, ${signedBy === null ? "SIGNER NOT TRUSTED" : `signed by ${formatFingerprint(signedBy)}`}`,
    `  volumes  ${volumes.length} of ${count}`,
    `  imports  ${formatCount(imports.agents, "agent")}, ${formatByteSize(imports.bytes)}`,
  ];
  if (removes.length > 0) {
    lines.push(`  removes  ${formatCount(removes.length, "agent")}`);
    lines.push(...(await formatAgentNames("           ", removes)));
  }
  if (withdrawn === undefined)
    lines.push(
      "  withdrawn by upstream: not known, its documents are not in these volumes; they count as removed",
    );
  else if (withdrawn.length > 0) {
    const end = onUpstreamRemoval === "keep" ? "kept and listed" : "kept, not listed";
    lines.push(`  withdrawn by upstream, ${end}: ${formatCount(withdrawn.length, "agent")}`);
    lines.push(...(await formatAgentNames("           ", withdrawn)));
  }
  if (missing.length > 0) {
    const names = missing.slice(0, 8).map(({ agents, path }) => agents[0] ?? path);
    lines.push(
      `  missing  ${formatCount(missing.length, "file")}: ${names.join(", ")}${missing.length > 8 ? ", …" : ""}`,
    );
  } else if (preview.isMassRemoval) {
    lines.push(
      "  complete, but it would be refused because it removes too many agents (see --allow mass-removal)",
    );
  } else lines.push("  complete; it would be published");
  return lines.join("\n");
}
