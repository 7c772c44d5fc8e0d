import { countTarballs, formatAgentName, sumTarballBytes } from "../../juju/agent.ts";
import { repairTrees } from "../../mirror/rebuild-tree.ts";
import type { AgentsAndBytes } from "../../mirror/run-report.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { settleDamage } from "../../mirror/settle-damage.ts";
import { isJamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { recordImport } from "../inventory/import-records.ts";
import { readChannels } from "../../channel/channels.ts";
import { readChannelState } from "../../channel/move-channel.ts";
import { continuationOf, isJudgedByAge, refuseDiscontinued, type ChannelTarget } from "./channel-target.ts";
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
  /** The channel that is imported into; undefined for the mirror. */
  readonly target: ChannelTarget | undefined;
  /** What the mirror shows. */
  readonly before: Snapshot | undefined;
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
  for (const bundle of inOrder(await readPending(work.store.documents), run)) {
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

/** What this import publishes to, oldest first; a channel that was rolled back shows an older snapshot, and its history is longer. */
function inOrder(pending: readonly PendingBundle[], { target }: PublishRun): PendingBundle[] {
  const own = pending.filter(({ channel }) => channel === target?.name);
  return target === undefined ? own : own.sort((a, b) => lengthOf(a) - lengthOf(b));
}

function lengthOf({ manifest }: PendingBundle): number {
  return manifest.channel?.history.length ?? 0;
}

type BundleOutcome = { readonly warnings: readonly string[] } & (
  | { readonly kind: "published"; readonly result: PublishedBundle }
  | { readonly kind: "waiting"; readonly missing: readonly MissingContent[] }
  | { readonly kind: "left" }
);

async function publishIfReady(
  bundle: PendingBundle,
  shown: Snapshot | undefined,
  { current, isDamaged, receiver, rules, work, target: first, before }: PublishRun,
): Promise<BundleOutcome> {
  const { store } = work;
  const { id } = bundle.manifest;
  const isOfThisRun = receiver.has(id);
  const stored = [...receiver.stored(id)];
  if (stored.length > 0) await record(bundle, stored, work);
  // Each bundle moves the channel, and the next one continues what it brought.
  const target = first && (await targetNow(first, work));
  const isOld = await isOver(bundle, { shown, target, work });
  if (isOld && !rules.allow.has("rollback")) {
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
    if (target !== undefined)
      await refuseDiscontinued(bundle.manifest, target, { store, allow: rules.allow });
    await settleDamage(store, work.signal);
    const result = await publishBundle(bundle, shown, {
      rules,
      work,
      isDamaged: isDamaged && shown === current,
      target,
    });
    await repairTrees(store, {
      before: target === undefined ? shown : before,
      retention: rules.retention,
      now: work.now(),
    });
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

async function targetNow(target: ChannelTarget, { store }: ImportWork): Promise<ChannelTarget> {
  const { name, channel = (await readChannels(store.documents, [])).get(name) } = target;
  return { name, channel, state: await readChannelState(store, name, target.state.read) };
}

/** Whether a later bundle is published. */
async function isOver(
  { manifest }: PendingBundle,
  {
    shown,
    target,
    work,
  }: {
    readonly shown: Snapshot | undefined;
    readonly target: ChannelTarget | undefined;
    readonly work: ImportWork;
  },
): Promise<boolean> {
  const continuation = target && (await continuationOf(manifest, target, work.store));
  return isJudgedByAge(continuation) ? isOutdated(manifest, shown) : continuation === "older";
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
