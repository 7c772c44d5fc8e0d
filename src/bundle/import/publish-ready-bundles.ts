import { countTarballs, formatAgentName, sumTarballBytes } from "../../juju/agent.ts";
import { repairTrees } from "../../mirror/rebuild-tree.ts";
import type { AgentsAndBytes } from "../../mirror/run-report.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { settleDamage } from "../../mirror/settle-damage.ts";
import { isJamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { recordImport } from "../inventory/import-records.ts";
import { isOutdated } from "./accept-bundle.ts";
import type { ImportRules, ImportWork, MissingContent } from "./import-work.ts";
import { describeMissing, keptParts, missingContents } from "./missing.ts";
import {
  deletePending,
  deleteRefused,
  isRefusal,
  readPending,
  type PendingBundle,
} from "./pending-bundles.ts";
import { publishBundle, type PublishedBundle } from "./publish-bundle.ts";
import type { VolumeReceiver } from "./receive-volumes.ts";

/** The result for the bundles that were read in this run, and for those pending since an earlier one. */
export interface PublishResult {
  readonly snapshot: Snapshot | undefined;
  readonly published: readonly PublishedBundle[];
  readonly waiting: readonly WaitingBundle[];
  readonly added: readonly string[];
  readonly held: AgentsAndBytes;
  /** Distinct tarballs of the held agents. */
  readonly tarballs: number;
  readonly warnings: readonly string[];
}

/** A bundle of which something is missing. */
export interface WaitingBundle {
  readonly bundle: PendingBundle;
  readonly missing: readonly MissingContent[];
}

/** An import whose volumes have been read. */
export interface PublishRun {
  /** The snapshot that was current when it began. */
  readonly current: Snapshot | undefined;
  /** True where the ref shows a damaged snapshot instead of `current`. */
  readonly isDamaged: boolean;
  readonly receiver: VolumeReceiver;
  readonly rules: ImportRules;
  readonly work: ImportWork;
}

/**
 * Publishes every bundle that is complete, in the order in which they were made: a delta that arrived before the bundle
 * that it is based on is published as soon as that one is here.
 */
export async function publishReadyBundles(run: PublishRun): Promise<PublishResult> {
  const { current, work } = run;
  const published: PublishedBundle[] = [];
  const waiting: WaitingBundle[] = [];
  const warnings: string[] = [];
  let shown = current;
  for (const bundle of await readPending(work.store.documents)) {
    const end = await publishIfReady(bundle, shown, run);
    if (end.kind === "waiting") waiting.push({ bundle, missing: end.missing });
    if (end.kind === "published") {
      published.push(end.result);
      shown = end.result.snapshot;
    }
    for (const warning of end.warnings) warnings.push(warning);
  }
  for (const message of warnings) work.observe({ kind: "warning", message });
  return { snapshot: shown, published, waiting, warnings, ...compare(current, shown) };
}

type BundleOutcome = { readonly warnings: readonly string[] } & (
  | { readonly kind: "published"; readonly result: PublishedBundle }
  | { readonly kind: "waiting"; readonly missing: readonly MissingContent[] }
  | { readonly kind: "left" }
);

async function publishIfReady(
  bundle: PendingBundle,
  shown: Snapshot | undefined,
  { current, isDamaged, receiver, rules, work }: PublishRun,
): Promise<BundleOutcome> {
  const { store } = work;
  const { id } = bundle.manifest;
  const isOfThisRun = receiver.has(id);
  const stored = [...receiver.stored(id)];
  if (stored.length > 0) await record(bundle, stored, work);
  if (isOutdated(bundle.manifest, shown) && !rules.allow.has("rollback")) {
    await deleteRefused(bundle, stored, work);
    return { kind: "left", warnings: [`Bundle ${id} is no longer pending: a later one is published.`] };
  }
  if (receiver.isRefused(id)) return { kind: "left", warnings: [] };
  const missing = await missingContents(store, bundle.manifest);
  if (missing.length > 0 && isOfThisRun) {
    const kept = await keptParts(store, id);
    return { kind: "waiting", missing: describeMissing(bundle, missing, kept), warnings: [] };
  }
  if (missing.length > 0) {
    return {
      kind: "left",
      warnings: [`Bundle ${id} is still pending: ${formatCount(missing.length, "file")} missing.`],
    };
  }
  try {
    work.observe({ kind: "phase", phase: "publish" });
    await settleDamage(store, work.signal);
    const result = await publishBundle(bundle, shown, {
      rules,
      work,
      isDamaged: isDamaged && shown === current,
    });
    await repairTrees(store, { before: shown, retention: rules.retention, now: work.now() });
    await record(bundle, stored, work);
    await deletePending(store, id);
    return { kind: "published", result, warnings: result.warnings };
  } catch (error) {
    // It would be refused at every later import, too.
    if (isRefusal(error)) await deleteRefused(bundle, stored, work);
    if (isOfThisRun || !isJamError(error)) throw error;
    return {
      kind: "left",
      warnings: [`The pending bundle ${id} was not published: ${error.message}`],
    };
  }
}

async function record(
  { manifest, signedBy }: PendingBundle,
  contents: Parameters<typeof recordImport>[1]["contents"],
  { store, now }: ImportWork,
): Promise<void> {
  const { id: bundle, createdAt, scope } = manifest;
  await recordImport(store.documents, {
    bundle,
    createdAt,
    importedAt: now().toISOString(),
    signedBy,
    scope,
    contents,
  });
}

function compare(
  before: Snapshot | undefined,
  after: Snapshot | undefined,
): Pick<PublishResult, "added" | "held" | "tarballs"> {
  const names = new Set(before?.agents.map(formatAgentName));
  const agents = after?.agents ?? [];
  return {
    added: agents.map(formatAgentName).filter((name) => !names.has(name)),
    held: { agents: agents.length, bytes: sumTarballBytes(agents) },
    tarballs: countTarballs(agents),
  };
}
