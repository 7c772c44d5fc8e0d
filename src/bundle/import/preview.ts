import { formatAgentName } from "../../juju/agent.ts";
import type { VolumeInput } from "../../medium/medium.ts";
import { isMassRemoval } from "../../mirror/mass-removal.ts";
import { keptForFleet } from "../../mirror/running-versions.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { carriedContents, countAgents, type BundleManifest } from "../format/manifest.ts";
import { readHead, sortInputs } from "../read/read-volumes.ts";
import type { ChannelTarget } from "./channel-target.ts";
import { acceptBundle } from "./accept-bundle.ts";
import type { ImportRules, ImportWork, MissingContent } from "./import-work.ts";
import { describeMissing, keptParts, missingContents } from "./missing.ts";

/** What an import of one bundle would do. */
export interface BundlePreview {
  readonly manifest: BundleManifest;
  readonly signedBy: string | null;
  readonly warning: string | undefined;
  /** Numbers of the volumes that were found, and the number of all volumes. */
  readonly volumes: readonly number[];
  readonly count: number;
  /** What would be stored. */
  readonly imports: { readonly agents: number; readonly bytes: number };
  /** Names of the listed agents that would be removed. */
  readonly removes: readonly string[];
  /** True if the import would be refused because it removes too many. */
  readonly isMassRemoval: boolean;
  /** What would still be missing. */
  readonly missing: readonly MissingContent[];
}

/**
 * The dry run of an import: reads only the head of each volume, and changes nothing.
 * @throws JamError as an import for what the heads show
 */
export async function previewImport(
  inputs: readonly VolumeInput[],
  {
    rules,
    work,
    current,
    target,
  }: {
    readonly rules: ImportRules;
    readonly work: ImportWork;
    readonly current: Snapshot | undefined;
    readonly target?: ChannelTarget | undefined;
  },
): Promise<BundlePreview[]> {
  const previews = new Map<string, BundlePreview & { readonly volumes: number[] }>();
  for (const input of (await sortInputs(inputs)).volumes) {
    const head = await readHead(input);
    const { manifest, label } = head;
    const known = previews.get(manifest.id);
    if (known !== undefined) {
      known.volumes.push(label.number);
      continue;
    }
    const { bundle, warning } = await acceptBundle(head, input.name, { rules, work, current, target });
    const missing = await missingContents(work.store, manifest);
    const removes = removedAgents(manifest, current, rules);
    const listed = current?.agents.length ?? 0;
    const carried = new Set(carriedContents(manifest).map(({ sha256 }) => sha256));
    previews.set(manifest.id, {
      manifest,
      signedBy: bundle.signedBy,
      warning,
      volumes: [label.number],
      count: label.count,
      imports: countAgents(
        manifest,
        new Set(missing.flatMap(({ sha256 }) => (carried.has(sha256) ? [sha256] : []))),
      ),
      removes,
      isMassRemoval:
        isMassRemoval(removes.length, listed, rules.retention.maxRemoval) && !rules.allow.has("mass-removal"),
      missing: describeMissing(bundle, missing, await keptParts(work.store, manifest.id)),
    });
  }
  return [...previews.values()].map((preview) => {
    const there = new Set(preview.volumes);
    return { ...preview, missing: preview.missing.filter((one) => !isThere(one, there)) };
  });
}

function removedAgents(
  { scope, catalogue }: BundleManifest,
  current: Snapshot | undefined,
  { running }: ImportRules,
): string[] {
  if (scope !== "mirror") return [];
  const stays = new Set(catalogue.flatMap(({ agents }) => agents));
  const isKept = keptForFleet(running);
  const gone = (current?.agents ?? []).filter((agent) => !isKept(agent)).map(formatAgentName);
  return gone.filter((name) => !stays.has(name));
}

/** True when every volume that contains a part of it was found. */
function isThere({ volumes }: MissingContent, there: ReadonlySet<number>): boolean {
  return volumes?.every((number) => there.has(number)) === true;
}
