import type { Config, UpstreamConfig } from "./config/config.ts";
import type { KnownAgentsOutcome, KnownAgentsTask } from "./known-agents-worker.ts";
import type { Knowledge } from "./juju/knowledge/knowledge.ts";
import type { KeyFolder } from "./openpgp/key-folder.ts";
import { JamError } from "./shared/errors.ts";
import type { RequestRecord } from "./server/request-log.ts";
import type { MirrorServer } from "./server/server.ts";
import type { StoreReader } from "./store/fs/open-fs-reader.ts";
import type { ModeReport } from "./store/fs/inspect-modes.ts";
import type { Store } from "./store/store.ts";
import type { SyncObserver } from "./mirror/run-events.ts";
import type { Allowance } from "./metadata/freshness.ts";
import type { SyncCollaborators, SyncOptions } from "./sync/sync-mirror.ts";
import type { KnownAgents } from "./upgrade/known-agents.ts";
import type { WhichWorld } from "./upgrade/which/world.ts";
import type { LookupPlace } from "./upgrade/lookup/place.ts";
import type { LookupReader } from "./upgrade/lookup/port.ts";
import type { Upstream } from "./upstream/source.ts";
import type { UpstreamWait, WaitObserver } from "./upstream/wait.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What answers which agents are held, without loading the rest of the store.
 * @throws JamError JAM_STORE_…
 */
export async function openReader(config: Pick<Config, "data">): Promise<StoreReader> {
  const { openFsReader } = await import("./store/fs/open-fs-reader.ts");
  return openFsReader(config.data);
}

/**
 * The mirror's store for reading; writes nothing, a folder that is not there reads as an empty mirror.
 * @throws JamError JAM_STORE_…
 */
export async function openStore(config: Pick<Config, "data">): Promise<Store> {
  const { openFsStore } = await import("./store/fs/open-fs-store.ts");
  return openFsStore(config.data);
}

/**
 * The mirror's store for writing; makes the data directory when it is missing.
 * @throws JamError JAM_STORE_…
 */
export async function createStore(config: Pick<Config, "data">): Promise<Store> {
  const { openFsStore } = await import("./store/fs/open-fs-store.ts");
  return openFsStore(config.data, { create: true });
}

/**
 * What the modes of a data directory allow other users of this machine.
 * @throws JamError JAM_STORE_…
 */
export async function inspectModes(dataDir: string): Promise<ModeReport> {
  const { inspectModes: inspect } = await import("./store/fs/inspect-modes.ts");
  return inspect(dataDir);
}

/**
 * The keys that sign and verify what is carried over an air gap. The folder need not be there.
 * @throws JamError JAM_CONFIG_INVALID when it is below the data directory, which any web server may show
 */
export async function openKeys(config: Pick<Config, "data" | "keys">): Promise<KeyFolder> {
  const { relative } = await import("node:path");
  const below = relative(config.data, config.keys);
  if (!/^\.\.(?:\/|$)/.test(below)) throw keysInData(config);
  const { openKeyFolder } = await import("./openpgp/key-folder.ts");
  return openKeyFolder(config.keys, { now: () => new Date() });
}

function keysInData({ data, keys }: Pick<Config, "data" | "keys">): JamError {
  return new JamError("JAM_CONFIG_INVALID", `The key folder ${keys} is in the data directory ${data}.`, {
    hint: "A web server may show the data directory. Set `keys` in jam.yaml, or JAM_KEYS, to a folder elsewhere.",
    details: { keys, data },
  });
}

export interface ComposeUpstreamsOptions {
  readonly env: Environment;
  /** `jam/0.1.0`. */
  readonly userAgent: string;
  /** Told what is odd but no reason to stop, as a clock that is off. Default: nobody. */
  readonly onWarning?: (message: string) => void;
  /** Told of each wait before it begins. Default: nobody. */
  readonly onWait?: WaitObserver;
  /** In the place of `fetch.retries`: 0 for who must not wait. */
  readonly retries?: number;
}

/**
 * The configured upstreams, in order of preference, sharing one rate limit. In offline mode only folders remain.
 * @throws JamError JAM_OFFLINE, JAM_KEYRING_INVALID, JAM_CONFIG_INVALID
 */
export async function composeUpstreams(
  config: Config,
  options: ComposeUpstreamsOptions,
): Promise<Upstream[]> {
  const { openUpstream, isRemote } = await import("./upstream/open-upstream.ts");
  const usable = config.upstreams.filter(({ url }) => config.mode === "online" || !isRemote(url));
  if (usable.length === 0) throw offlineError(config.upstreams);
  const { createRateLimiter } = await import("./upstream/rate-limiter.ts");
  const { SYSTEM_TIMING } = await import("./upstream/timing.ts");
  const { limitRate, idleTimeoutMs, caFile } = config.fetch;
  const retries = options.retries ?? config.fetch.retries;
  const tellLimit = (waitMs: number) =>
    options.onWait?.({
      source: "fetch.limitRate",
      path: "",
      message: "the limit of fetch.limitRate holds downloads back; the waits that follow are not told",
      waitMs,
      askedBy: "jam",
    });
  const rateLimiter =
    limitRate === undefined ? undefined : createRateLimiter(limitRate, SYSTEM_TIMING, tellLimit);
  return usable.map(({ name, url, keyring }) =>
    openUpstream({
      name,
      url,
      keyring,
      env: options.env,
      userAgent: options.userAgent,
      ...(options.onWarning === undefined ? {} : { onWarning: options.onWarning }),
      ...(options.onWait === undefined ? {} : { onWait: options.onWait }),
      retries,
      idleTimeoutMs,
      caFile,
      rateLimiter,
    }),
  );
}

function offlineError(upstreams: readonly UpstreamConfig[]): JamError {
  const names = upstreams.map(({ name, url }) => `${name} (${url})`).join(", ");
  return new JamError("JAM_OFFLINE", `This mirror is in offline mode: no request was made to ${names}.`, {
    hint: "Bring agents in with `jam bundle import` or a folder as upstream, or set `mode: online` in jam.yaml.",
    details: { refused: upstreams.map(({ url }) => url) },
  });
}

export interface ComposeSyncOptions extends ComposeUpstreamsOptions {
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
  readonly allow: ReadonlySet<Allowance>;
  /** False for a dry run: a missing data directory stays missing. */
  readonly writes: boolean;
}

/** Everything that a sync needs, from the settings. */
export async function composeSync(
  config: Config,
  options: ComposeSyncOptions,
): Promise<{ readonly options: SyncOptions; readonly work: SyncCollaborators }> {
  const onWarning = (message: string) => options.observe({ kind: "warning", message });
  const onWait = (wait: UpstreamWait) => options.observe({ kind: "wait", ...wait });
  const sources = await composeUpstreams(config, { onWarning, onWait, ...options });
  const store = await (options.writes ? createStore(config) : openStore(config));
  const { setTimeout: sleep } = await import("node:timers/promises");
  return {
    options: {
      rules: config.rules,
      retention: config.retention,
      jobs: config.fetch.jobs,
      allow: options.allow,
    },
    work: {
      store,
      sources,
      observe: options.observe,
      now: () => new Date(),
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      signal: options.signal,
    },
  };
}

export interface ComposeServerOptions {
  /** Told about each answered request. */
  readonly log: (record: RequestRecord) => void;
  /** Told when a held tarball turns out to be missing, cut or unreadable. */
  readonly onDamage: (sha256: string) => void;
}

/** The HTTP server of this mirror; it only reads, so it may run while a sync writes. */
export async function composeServer(config: Config, options: ComposeServerOptions): Promise<MirrorServer> {
  const { createServer } = await import("./server/server.ts");
  const { listSnapshotIds, readSnapshot } = await import("./mirror/current.ts");
  const { snapshotIdOf } = await import("./mirror/snapshot.ts");
  const store = await openStore(config);
  return createServer(
    {
      readRef: async (name) => {
        const treeId = await store.refs.read(name);
        return treeId === undefined ? undefined : snapshotIdOf(treeId);
      },
      readSnapshot: (id) => readSnapshot(store, id),
      listSnapshots: () => listSnapshotIds(store.documents),
      openBlob: (sha256) => store.blobs.open(sha256),
      readUpstreamDocument: (sha256) => store.documents.get("upstream", sha256),
      readWorld: await composeWhich(config, () => readKnownInThread(config.data)),
    },
    options,
  );
}

/**
 * Reads what questions about versions are answered from: what is held, what upstream listed at the last sync, and what is
 * known of versions. Read again it answers from memory until a sync or an import has changed something. Asks no network.
 */
export async function composeWhich(
  config: Config,
  readAgents?: () => Promise<KnownAgents>,
): Promise<() => Promise<WhichWorld>> {
  const { createWorldReader } = await import("./upgrade/which/world.ts");
  const { knowledgeOf } = await import("./mirror/knowledge.ts");
  const store = await openStore(config);
  return createWorldReader(store, () => knowledgeOf(store.documents, config.advice), readAgents, {
    rules: config.rules,
    isOffline: config.mode === "offline",
  });
}

/**
 * What is held and what upstream listed, read in a thread: upstream's documents have megabytes, and a server has to
 * answer others while they are read.
 * @throws JamError JAM_STORE_…
 */
async function readKnownInThread(dataDir: string): Promise<KnownAgents> {
  const { Worker } = await import("node:worker_threads");
  const { once } = await import("node:events");
  // The compiler rewrites endings in imports only, so the thread's file is named like this one.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./known-agents-worker.${ending}`, import.meta.url), {
    workerData: { dataDir } satisfies KnownAgentsTask,
  });
  try {
    const [outcome] = (await once(worker, "message")) as [KnownAgentsOutcome];
    if ("known" in outcome) return outcome.known;
    const { code, message, hint, details } = outcome.error;
    throw new JamError(code, message, { details, ...(hint === undefined ? {} : { hint }) });
  } finally {
    await worker.terminate();
  }
}

/**
 * What answers about versions rest on: built in, from the settings, and carried in by a bundle.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function composeKnowledge(config: Config): Promise<Knowledge> {
  const { knowledgeOf } = await import("./mirror/knowledge.ts");
  return knowledgeOf((await openReader(config)).documents, config.advice);
}

export interface ComposeLookupOptions {
  readonly env: Environment;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** `builtin` or a file: the key that takes the place of Juju's. */
  readonly keyring: string;
}

/**
 * Reads what a look-up asks for. `mirror` answers at its URL as `jam serve` would, from the current snapshot and
 * without any request; nothing but the place is contacted.
 * @throws JamError JAM_KEYRING_INVALID, JAM_CONFIG_INVALID, JAM_STORE_…
 */
export async function composeLookup(
  config: Config,
  place: LookupPlace,
  options: ComposeLookupOptions,
): Promise<LookupReader> {
  const { createLookupReader } = await import("./upstream/lookup-reader.ts");
  const { caFile, idleTimeoutMs } = config.fetch;
  const { env: environment, ...rest } = options;
  const bases = place.kind === "mirror" || place.url === undefined ? [] : [place.url];
  const reader = createLookupReader({
    ...rest,
    environment,
    bases,
    caFile,
    idleTimeoutMs,
    isOffline: config.mode === "offline",
  });
  if (place.kind !== "mirror") return reader;
  const { createMirrorReader } = await import("./upgrade/lookup/mirror-reader.ts");
  const { readCurrentSnapshot } = await import("./mirror/current.ts");
  const { tarballType } = await import("./server/negotiate.ts");
  const store = await openStore(config);
  return createMirrorReader({
    base: place.url ?? "",
    snapshot: await readCurrentSnapshot(store),
    tarballType,
    sizeOf: async (sha256) => (await store.blobs.stat(sha256))?.size,
    reader,
  });
}

/** True for an address that says by its own spelling that it is on this machine or in a private network. */
export async function mayBeAskedOffline(url: string): Promise<boolean> {
  const { isPrivateHost } = await import("./upstream/redirect-policy.ts");
  return isPrivateHost(new URL(url).hostname);
}
