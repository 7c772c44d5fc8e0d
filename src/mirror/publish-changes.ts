import type { Store } from "../store/store.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { DocumentSource } from "../upstream/source.ts";
import { proofOf, type RememberedDocument } from "./upstream-state.ts";
import { readSnapshots } from "./prune.ts";
import { publishSnapshot } from "./publish.ts";
import { gracedIds, type RetentionRules } from "./retention.ts";
import type { Snapshot } from "./snapshot.ts";
import { judgeVerbatimFace, type ListedUpstream } from "./verbatim.ts";

/** One run's result, ready to be published. */
export interface Changes {
  readonly store: Store;
  readonly retention: RetentionRules;
  readonly now: () => Date;
  readonly current: Snapshot | undefined;
  /** The upstream that lists the agents. */
  readonly source: Pick<DocumentSource, "name" | "url" | "verifies">;
  readonly metadata: ListedUpstream & { readonly documents: readonly RememberedDocument[] };
  readonly earlierProofs?: Snapshot["earlierProofs"];
  /** The bundle that brought what is new. */
  readonly bundle?: Snapshot["bundle"];
  /** What the new snapshot lists; every tarball is held. */
  readonly agents: readonly Agent[];
}

/** The current snapshot when nothing of it changed, else a new published one. */
export async function publishChanges(changes: Changes): Promise<Snapshot | undefined> {
  const { store, current, metadata, source, agents } = changes;
  const upstream = proofOf(source, metadata.documents);
  const verbatim = judgeVerbatimFace(metadata, source.verifies, agents);
  if (current !== undefined && isSame(current, { agents, upstream, verbatim })) return current;
  // An index without agents sends every client on to the internet; what was shown stays.
  if (agents.length === 0) return current;
  const createdAt = changes.now();
  const snapshots = await readSnapshots(store);
  const graced = gracedIds({ snapshots, referenced: new Set(), rules: changes.retention, now: createdAt });
  if (current !== undefined) graced.add(current.id);
  return publishSnapshot(store, {
    agents,
    upstream,
    ...(changes.earlierProofs === undefined ? {} : { earlierProofs: changes.earlierProofs }),
    ...(changes.bundle === undefined ? {} : { bundle: changes.bundle }),
    verbatim,
    graced: snapshots.filter(({ id }) => graced.has(id)),
    parent: current?.id,
    createdAt,
  });
}

/**
 * Whether publishing would change anything that a client can see. New signatures over the same agents only
 * matter where upstream's documents themselves are served.
 */
function isSame(current: Snapshot, next: Pick<Snapshot, "agents" | "upstream" | "verbatim">): boolean {
  if (JSON.stringify(sorted(current.agents)) !== JSON.stringify(sorted(next.agents))) return false;
  if (current.upstream.verified !== next.upstream.verified || current.upstream.url !== next.upstream.url)
    return false;
  if (current.verbatim.complete !== next.verbatim.complete) return false;
  if (expiredKeysOf(current) !== expiredKeysOf(next) || isReplaced(current, next)) return false;
  return !current.verbatim.complete || documentsOf(current) === documentsOf(next);
}

function documentsOf({ upstream }: Pick<Snapshot, "upstream">): string {
  return upstream.documents.map(({ sha256 }) => sha256).join();
}

/** What was accepted although its key had expired is on record in the snapshot that shows it. */
function expiredKeysOf({ upstream }: Pick<Snapshot, "upstream">): string {
  return upstream.documents.map(({ path, keyExpiredAt }) => (keyExpiredAt ? path : "")).join("|");
}

/** True when a document that was accepted by older rules has another one in its place: it may have been refused since. */
function isReplaced(current: Snapshot, next: Pick<Snapshot, "upstream">): boolean {
  const kept = new Set(next.upstream.documents.map(({ sha256 }) => sha256));
  return current.upstream.documents.some(
    ({ signedBy, rules, sha256 }) =>
      signedBy !== undefined && rules !== SIGNED_TEXT_RULES && !kept.has(sha256),
  );
}

function sorted(agents: readonly Agent[]): Agent[] {
  return agents.toSorted((a, b) => (formatAgentName(a) < formatAgentName(b) ? -1 : 1));
}
