import { formatAgentName } from "../../juju/agent.ts";
import type { VolumeInput } from "../../medium/medium.ts";
import { isMassRemoval } from "../../mirror/mass-removal.ts";
import { keptForFleet } from "../../mirror/running-versions.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { readGone } from "../../mirror/gone-upstream.ts";
import { readKeptBytes } from "../../mirror/proofs.ts";
import { readUpstreamState } from "../../mirror/upstream-state.ts";
import { MAX_DOCUMENT_BYTES } from "../../shared/limits.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore } from "../../store/store.ts";
import {
  carriedContents,
  countAgents,
  documentsOf,
  formatManifest,
  type BundleManifest,
} from "../format/manifest.ts";
import { readBeginning, sortInputs } from "../read/read-volumes.ts";
import type { VolumeHead } from "../read/volume-reader.ts";
import type { ChannelTarget } from "./channel-target.ts";
import { acceptBundle } from "./accept-bundle.ts";
import type { ImportRules, ImportWork, MissingContent } from "./import-work.ts";
import { asksForGone, findGone, withoutDenied } from "./publish-bundle.ts";
import { acceptedHere, verifyProofs } from "./verify-proofs.ts";
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
  /**
   * Names of agents that upstream withdrew and whose tarballs would stay (`onUpstreamRemoval`), listed or not. Undefined where
   * that is not known, because a document of upstream is neither here nor in the volumes.
   */
  readonly withdrawn: readonly string[] | undefined;
  /** True if the import would be refused because it removes too many. */
  readonly isMassRemoval: boolean;
  /** What would still be missing. */
  readonly missing: readonly MissingContent[];
}

/** Upstream's documents of one bundle that a dry run reads. All of upstream has a tenth of it. */
const MAX_DOCUMENTS_BYTES = 8 * MAX_DOCUMENT_BYTES;

interface PreviewWork {
  readonly rules: ImportRules;
  readonly work: ImportWork;
  readonly current: Snapshot | undefined;
  readonly target?: ChannelTarget | undefined;
}

/**
 * The dry run of an import: reads only how each volume begins, and changes nothing.
 * @throws JamError as an import for what the heads show
 */
export async function previewImport(
  inputs: readonly VolumeInput[],
  { rules, work, current, target }: PreviewWork,
): Promise<BundlePreview[]> {
  const previews = new Map<string, BundlePreview & { readonly volumes: number[] }>();
  const documents = new Map<Sha256, Uint8Array>();
  /** Accepts the bundle before its documents are read: until then nobody vouches for their number and size. */
  const accept = async (head: VolumeHead, name: string): Promise<boolean> => {
    const { manifest, label } = head;
    const known = previews.get(manifest.id);
    if (known === undefined)
      previews.set(manifest.id, await previewBundle(head, name, { rules, work, current, target }));
    else known.volumes.push(label.number);
    const isAccepted =
      known === undefined || Buffer.compare(formatManifest(known.manifest), formatManifest(manifest)) === 0;
    return isAccepted && target === undefined && asksForGone(rules, manifest) && isSmall(manifest);
  };
  for (const input of (await sortInputs(inputs)).volumes) {
    const { documents: here } = await readBeginning(input, (head) => accept(head, input.name));
    for (const [sha256, bytes] of here) documents.set(sha256, bytes);
  }
  const told =
    target === undefined
      ? await tellWithdrawn([...previews.values()], { rules, work, current, documents })
      : [...previews.values()];
  return told.map((preview) => {
    const there = new Set(preview.volumes);
    return { ...preview, missing: preview.missing.filter((one) => !isThere(one, there)) };
  });
}

/** What the head of a bundle's first volume tells. */
async function previewBundle(
  head: VolumeHead,
  name: string,
  { rules, work, current, target }: PreviewWork,
): Promise<BundlePreview & { readonly volumes: number[] }> {
  const { manifest, label } = head;
  const { bundle, warning } = await acceptBundle(head, name, { rules, work, current, target });
  const missing = await missingContents(work.store, manifest);
  const removes = removedAgents(manifest, current, rules);
  const carried = new Set(carriedContents(manifest).map(({ sha256 }) => sha256));
  return {
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
    withdrawn: [],
    isMassRemoval: removesTooMany(removes, current, rules),
    missing: describeMissing(bundle, missing, await keptParts(work.store, manifest.id)),
  };
}

/** False where a bundle names more documents than should be in memory at once: what upstream withdrew is not known then. */
function isSmall(manifest: BundleManifest): boolean {
  return documentsOf(manifest).reduce((sum, { size }) => sum + size, 0) <= MAX_DOCUMENTS_BYTES;
}

/** The previews, with what upstream withdrew told apart from what the near side left out, as an import does. */
function tellWithdrawn(
  previews: readonly BundlePreview[],
  { rules, work, current, documents }: TellingWork,
): Promise<BundlePreview[]> {
  return Promise.all(
    previews.map(async (preview) => {
      const { manifest } = preview;
      if (!asksForGone(rules, manifest)) return preview;
      const { store } = work;
      const arrived: DocumentStore = {
        ...store.documents,
        get: async (kind, name) =>
          (kind === "upstream" ? documents.get(name as Sha256) : undefined) ??
          store.documents.get(kind, name),
      };
      for (const { sha256 } of documentsOf(manifest))
        if ((await readKeptBytes(arrived, sha256)) === undefined) return { ...preview, withdrawn: undefined };
      const state = await readUpstreamState(store.documents, current);
      const known = acceptedHere(rules, { state, current, target: undefined });
      const verified = await verifyProofs(manifest, { ...work, ...rules, documents: arrived, ...known });
      const bundle = { manifest };
      const gone = await findGone(
        { bundle, current, rules, work },
        verified,
        await readGone(store.documents),
      );
      const withdrawn = withoutDenied(gone, rules.deny).agents.map(formatAgentName);
      if (rules.onUpstreamRemoval !== "keep") return { ...preview, withdrawn };
      const stays = new Set(withdrawn);
      const removes = preview.removes.filter((name) => !stays.has(name));
      return { ...preview, withdrawn, removes, isMassRemoval: removesTooMany(removes, current, rules) };
    }),
  );
}

interface TellingWork {
  readonly rules: ImportRules;
  readonly work: ImportWork;
  readonly current: Snapshot | undefined;
  /** What the volumes contain of upstream's documents. */
  readonly documents: ReadonlyMap<Sha256, Uint8Array>;
}

function removesTooMany(
  removes: readonly string[],
  current: Snapshot | undefined,
  { retention, allow }: ImportRules,
): boolean {
  const listed = current?.agents.length ?? 0;
  return isMassRemoval(removes.length, listed, retention.maxRemoval) && !allow.has("mass-removal");
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
