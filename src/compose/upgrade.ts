import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Config } from "../config/config.ts";
import type { Knowledge } from "../juju/knowledge/knowledge.ts";
import type { ShownMirror } from "../mirror/read-shown.ts";
import type { Store } from "../store/store.ts";
import type { KnownAgents } from "../upgrade/known-agents.ts";
import type { LookupPlace, LookupReader } from "../upgrade/lookup/lookup-source.ts";
import type { WhichState } from "../upgrade/which/which-state.ts";
import { openReader, openStore } from "./store.ts";

/**
 * Reads what questions about versions are answered from: the held agents, what upstream listed at the last sync, and
 * what is known of versions. Later calls answer from memory until a sync or an import changes something. Makes no
 * request.
 */
export async function composeWhich(
  config: Config,
  readAgents?: () => Promise<KnownAgents>,
): Promise<() => Promise<WhichState>> {
  const { createStateReader } = await import("../upgrade/which/which-state.ts");
  const { knowledgeOf } = await import("../mirror/knowledge.ts");
  const { openKnown } = await import("./known.ts");
  const store = await openKnown(config);
  return createStateReader(store, () => knowledgeOf(store.documents, config.advice), readAgents, {
    rules: config.rules,
    isOffline: config.mode === "offline",
    channel: await channelViewOf(config),
  });
}

async function channelViewOf(config: Config) {
  if (config.store.ref === undefined) return undefined;
  const { composeChannelView } = await import("./through-channel.ts");
  return composeChannelView(config);
}

/**
 * What answers about versions are based on: built in, from the settings, and carried in by a bundle.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function composeKnowledge(config: Config): Promise<Knowledge> {
  const { knowledgeOf } = await import("../mirror/knowledge.ts");
  return knowledgeOf((await openReader(config)).documents, config.advice);
}

export interface ComposeLookupOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** `builtin` or a file: the key that replaces Juju's. */
  readonly keyring: string;
}

/**
 * Reads what a look-up requests. `mirror` answers at its URL as `jam serve` would, from the current snapshot and
 * without any request; only the given place is contacted.
 * @throws JamError JAM_KEYRING_INVALID, JAM_CONFIG_INVALID, JAM_STORE_…
 */
export async function composeLookup(
  config: Config,
  place: LookupPlace,
  options: ComposeLookupOptions,
): Promise<LookupReader> {
  const { createLookupReader } = await import("../upstream/lookup-reader.ts");
  const { caFile, idleTimeoutMs } = config.fetch;
  const { probeAgent } = await import("../verify/url/probe.ts");
  const { env: environment, userAgent, ...rest } = options;
  const bases = place.kind === "mirror" || place.url === undefined ? [] : [place.url];
  const reader = createLookupReader({
    ...rest,
    userAgent: probeAgent(userAgent),
    environment,
    bases,
    caFile,
    idleTimeoutMs,
    isOffline: config.mode === "offline",
  });
  if (place.kind !== "mirror") return reader;
  const { createMirrorReader } = await import("../upgrade/lookup/mirror-reader.ts");
  const { tarballType } = await import("../server/negotiate.ts");
  const { listShownAgents } = await import("../mirror/damaged-list.ts");
  const store = await openStore(config);
  const { snapshot, missing } = await readServed(config, store);
  const fetched = new Map(missing.map(({ sha256, size }) => [sha256, size]));
  return createMirrorReader({
    base: place.url ?? "",
    snapshot: snapshot && { ...snapshot, agents: await listShownAgents(store.documents, snapshot.agents) },
    tarballType,
    sizeOf: async (sha256) => (await store.blobs.stat(sha256))?.size ?? fetched.get(sha256),
    reader,
  });
}

/** What the server lists, and what of it a cache fetches when it is requested. */
async function readServed(config: Config, store: Store): Promise<Pick<ShownMirror, "snapshot" | "missing">> {
  if (config.mode === "cache" && config.store.ref === undefined) {
    const { readShown } = await import("../mirror/read-shown.ts");
    return readShown(store, config.cache, new Date());
  }
  const { currentSnapshot } = await import("../mirror/read-snapshots.ts");
  return { snapshot: await currentSnapshot(store, MIRROR_REF), missing: [] };
}

/** True for a URL whose host is, by its spelling, this machine or in a private network. */
export async function isPrivateUrl(url: string): Promise<boolean> {
  const { isPrivateHost } = await import("../upstream/url-policy.ts");
  return isPrivateHost(new URL(url).hostname);
}
