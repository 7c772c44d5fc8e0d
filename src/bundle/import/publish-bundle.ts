import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { PathSpace } from "../../juju/path-space.ts";
import { selectAgents } from "../../juju/select.ts";
import type { DenyRule } from "../../juju/selection-rules.ts";
import { writeCarriedAdvice } from "../../mirror/knowledge.ts";
import { guardCatalogue, type RefusedChange } from "../../metadata/guard.ts";
import { byPath, readUpstreamState, writeUpstreamState } from "../../mirror/upstream-state.ts";
import { publishChanges } from "../../mirror/publish-changes.ts";
import type { FailedItem } from "../../mirror/run-report.ts";
import { proofsOf, type BundleOrigin, type Snapshot } from "../../mirror/snapshot.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { collectProofs } from "../proofs.ts";
import type { PendingBundle } from "./pending-bundles.ts";
import type { ImportRules, ImportWork, ImportStore } from "./import-work.ts";
import { acceptedBy, verifyProofs, type VerifiedProofs } from "./verify-proofs.ts";

/** What publishing a bundle did. */
export interface PublishedBundle {
  readonly snapshot: Snapshot | undefined;
  readonly removed: readonly string[];
  /** Agents of the bundle that this side refuses. */
  readonly failed: readonly FailedItem[];
  readonly warnings: readonly string[];
}

/**
 * Publishes what a bundle lists, all of which is held: verified again, held against what was accepted before, switched
 * to in one step.
 * @throws JamError JAM_METADATA_…, JAM_BUNDLE_UNPROVEN, JAM_STORE_…
 */
export async function publishBundle(
  bundle: PendingBundle,
  current: Snapshot | undefined,
  {
    rules,
    work,
  }: {
    readonly rules: ImportRules;
    readonly work: Pick<ImportWork, "store" | "openTrust" | "now" | "signal">;
  },
): Promise<PublishedBundle> {
  const { manifest } = bundle;
  const { store } = work;
  const { documents } = store;
  const state = await readUpstreamState(documents, current);
  const known = { documents, accepted: state.documents, acceptedByHash: acceptedBy(current) };
  const verified = await verifyProofs(manifest, { ...work, ...rules, ...known });
  const listed = current?.agents ?? [];
  const isWhole = manifest.scope === "mirror";
  const guarded = guardCatalogue({
    upstream: verified.agents,
    listed,
    isRead: () => isWhole,
    maxRemoval: rules.retention.maxRemoval,
    allow: rules.allow,
    lister: "bundle",
  });
  const { agents, denied } = withoutDenied(joined(guarded.agents, isWhole ? [] : listed), rules.deny);
  const earlierProofs = await findEarlierProofs(store, { verified, current, agents });
  // Before anything is published: a kill in between must not leave agents whose metadata is not recorded.
  const accepted = new Map([...state.documents, ...byPath(verified.metadata.documents)]);
  await writeUpstreamState(documents, { ...state, documents: accepted });
  // Before, too: nobody may see a new version without the advice against it.
  await writeCarriedAdvice(documents, { bundle: manifest.id, advice: manifest.advice });
  const snapshot = await publishChanges({
    store,
    ref: MIRROR_REF,
    retention: rules.retention,
    now: work.now,
    current,
    source: verified.source,
    metadata: verified.metadata,
    agents,
    ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
    bundle: originOf(bundle),
  });
  const names = new Set(agents.map(formatAgentName));
  return {
    snapshot,
    removed: listed.map(formatAgentName).filter((name) => !names.has(name)),
    failed: guarded.refused.map(failedItem),
    warnings: [
      ...verified.metadata.warnings,
      ...verified.unreadable.map(({ path, error }) => `${path} proves nothing: ${error.message}`),
      ...denied,
      ...partialWarning(manifest),
    ],
  };
}

function failedItem({ agent, error: { code, message } }: RefusedChange): FailedItem {
  return { agent: formatAgentName(agent), path: agent.path, code, message };
}

function originOf({ manifest: { id, createdAt }, signedBy, signerExpiredAt }: PendingBundle): BundleOrigin {
  return { id, createdAt, signedBy, ...(signerExpiredAt === undefined ? {} : { signerExpiredAt }) };
}

/** The bundle's agents, and of the others those whose names it does not bring. */
function joined(brought: readonly Agent[], others: readonly Agent[]): Agent[] {
  const names = new Set(brought.map(formatAgentName));
  const paths = new Map(brought.map(({ path, sha256 }) => [path, sha256]));
  const space = new PathSpace(paths.keys());
  const staying = others.filter(
    (agent) =>
      !names.has(formatAgentName(agent)) &&
      (paths.get(agent.path) ?? agent.sha256) === agent.sha256 &&
      space.take(agent.path) === undefined,
  );
  return [...brought, ...staying];
}

function withoutDenied(
  agents: readonly Agent[],
  deny: readonly DenyRule[],
): { readonly agents: Agent[]; readonly denied: string[] } {
  const verdicts = selectAgents(agents, { select: [], deny });
  return {
    agents: verdicts.flatMap(({ agent, denied }) => (denied ? [] : [agent])),
    denied: verdicts.flatMap(({ agent, denied, reason }) =>
      denied ? [`${formatAgentName(agent)} is not listed here: ${reason}`] : [],
    ),
  };
}

/** Proofs of agents that the bundle's own documents do not list: they stay with the snapshot. */
async function findEarlierProofs(
  store: ImportStore,
  {
    verified,
    current,
    agents,
  }: {
    readonly verified: VerifiedProofs;
    readonly current: Snapshot | undefined;
    readonly agents: readonly Agent[];
  },
): Promise<NonNullable<Snapshot["earlierProofs"]>> {
  const known = [...verified.proofs, ...(current === undefined ? [] : proofsOf(current))];
  const { sets } = await collectProofs(store.documents, known, agents);
  return sets.slice(1).map(({ documents, ...set }) => ({
    ...set,
    documents: documents.map(({ size: _size, ...proven }) => proven),
  }));
}

function partialWarning({ id, missing }: BundleManifest): string[] {
  if (missing.length === 0) return [];
  const names = missing.slice(0, 5).map(({ agent }) => agent);
  return [
    `Bundle ${id} was made without ${missing.length} of the agents asked for: ${names.join(", ")}${missing.length > 5 ? ", …" : ""}`,
  ];
}
