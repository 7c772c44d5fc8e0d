import { defined } from "../shared/collections.ts";
import type { Store } from "../store/store.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { SIGNED_TEXT_RULES } from "../simplestreams/signed-text.ts";
import type { DocumentSource } from "../upstream/source.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { ReadPage } from "./catalogue.ts";
import { evaluateVerbatimFace, type ListedUpstream } from "./face.ts";
import { keepSnapshot } from "./keep-snapshot.ts";
import { publishSnapshot, readGraced } from "./publish.ts";
import type { RetentionRules } from "./retention.ts";
import type { Snapshot } from "./snapshot.ts";
import { proofOf, type AcceptedDocument } from "./upstream-state.ts";

/** One run's result, ready to be published. */
export interface Changes {
  readonly store: Store;
  /** Where it is shown. */
  readonly ref: RefName;
  readonly retention: RetentionRules;
  readonly now: () => Date;
  /** What the ref shows now. */
  readonly current: Snapshot | undefined;
  /** True where the ref shows a damaged snapshot instead of `current`. Default false. */
  readonly isDamaged?: boolean;
  /** The upstream that lists the agents. */
  readonly source: Pick<DocumentSource, "name" | "url" | "verifies">;
  readonly metadata: ListedUpstream & { readonly documents: readonly AcceptedDocument[] };
  readonly earlierProofs?: Snapshot["earlierProofs"];
  /** The bundle that contained what is new. */
  readonly bundle?: Snapshot["bundle"];
  /** Who publishes, by which rules. */
  readonly made?: Snapshot["made"];
  /** Has the pages that were read before for the same task. Default: reads them. */
  readonly read?: ReadPage;
  /** What the new snapshot lists; every tarball is held. */
  readonly agents: readonly Agent[];
  /** Shows the new snapshot. Default: the ref is moved to it. */
  readonly show?: (snapshot: Snapshot) => Promise<void>;
}

/** The current snapshot when nothing of it changed, else a new published one. */
export async function publishChanges(changes: Changes): Promise<Snapshot | undefined> {
  const { store, ref, retention, current, metadata, source, agents } = changes;
  const upstream = proofOf(source, metadata.documents);
  const verbatim = evaluateVerbatimFace(metadata, source.verifies, agents);
  const isShown = current !== undefined && changes.isDamaged !== true;
  if (isShown && isSame(current, { agents, upstream, verbatim })) return current;
  // An index without agents would send every client to the internet; what was shown stays.
  if (agents.length === 0) return current;
  const createdAt = changes.now();
  const content = {
    agents,
    upstream,
    ...defined({ earlierProofs: changes.earlierProofs, bundle: changes.bundle, made: changes.made }),
    verbatim,
    parent: current?.id,
    createdAt,
  };
  if (changes.show !== undefined) {
    const snapshot = await keepSnapshot(store, content);
    await changes.show(snapshot);
    return snapshot;
  }
  return publishSnapshot(store, content, {
    ref,
    graced: await readGraced(store, ref, {
      ...retention,
      now: createdAt,
      ...defined({ read: changes.read }),
    }),
  });
}

/**
 * Whether publishing would change anything that a client can see. New signatures over the same agents only
 * matter where upstream's documents themselves are served.
 */
function isSame(current: Snapshot, next: Pick<Snapshot, "agents" | "upstream" | "verbatim">): boolean {
  if (current.agents.length !== next.agents.length) return false;
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
