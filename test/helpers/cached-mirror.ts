/**
 * A mirror over real HTTP that lists everything the sample upstream has and holds nothing: tarballs come when they are
 * asked for.
 *
 * ```ts
 * await using upstream = await startUpstream(ONE_AGENT);
 * await using mirror = await serveCached(upstream);
 * await fetch(mirror.urlOf("3.6.27"));
 * upstream.requests, mirror.events, mirror.records, mirror.pullThrough.counts
 * await mirror.stop(); await using again = await serveCached(upstream, { store: mirror.store });
 * ```
 */
import { createServer, type MirrorServer, type ServerOptions } from "../../src/server/server.ts";
import {
  PullThrough,
  type PullEvent,
  type PullThroughWork,
  type PullWaits,
} from "../../src/cache/pull-through.ts";
import { listStreams, type Agent } from "../../src/juju/agent.ts";
import type { RequestRecord } from "../../src/server/request-log.ts";
import type { Sha256 } from "../../src/shared/sha256.ts";
import type { Snapshot } from "../../src/mirror/snapshot.ts";
import type { Store } from "../../src/store/store.ts";
import { openHttpUpstream, type HttpUpstreamOptions } from "../../src/upstream/http-upstream.ts";
import { portsOf } from "./served-mirror.ts";
import { temporaryStore, type TemporaryStore } from "./temporary-store.ts";
import { readAll } from "../peers/sample-upstream/source.ts";
import { itemPath, type TestUpstream } from "./upstream.ts";

/** A tree of one release with one tarball, large enough that it comes in many pieces. */
export const ONE_AGENT = {
  releases: ["3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 2_000_000,
} as const;

export interface CachedOptions {
  /** An earlier one's, or with data in it; it goes with the first mirror that used it. */
  readonly store?: TemporaryStore;
  /** Asked after the sample. */
  readonly others?: readonly TestUpstream[];
  readonly quota?: number;
  /** Quotas of upstreams: `sample` is the first one, `other-1` the next. */
  readonly quotas?: Readonly<Record<string, number>>;
  readonly waits?: Partial<PullWaits>;
  readonly http?: Partial<HttpUpstreamOptions>;
  readonly limits?: ServerOptions["limits"];
  /** Changes what the cache works with, for instance to fail. */
  readonly cached?: (work: PullThroughWork) => Partial<PullThroughWork>;
  readonly now?: () => Date;
}

export interface CachedMirror extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: TemporaryStore;
  readonly server: MirrorServer;
  readonly pullThrough: PullThrough;
  readonly events: PullEvent[];
  readonly records: RequestRecord[];
  readonly damaged: Sha256[];
  readonly agents: readonly Agent[];
  /** The path of a tarball on the curated face, with its leading slash. */
  pathOf(version: string): string;
  urlOf(version: string): string;
  agentOf(version: string): Agent;
  /** The bytes of a tarball as upstream has them. */
  bytesOf(version: string): Promise<Buffer>;
  /** Ends server and cache, as SIGTERM does; the store stays. */
  stop(): Promise<void>;
}

const SNAPSHOT_ID = "20260101T000000Z-0fferred";

export async function serveCached(
  upstream: TestUpstream,
  options: CachedOptions = {},
): Promise<CachedMirror> {
  const store = options.store ?? (await temporaryStore());
  const agents = agentsOf(upstream);
  const events: PullEvent[] = [];
  const records: RequestRecord[] = [];
  const damaged: Sha256[] = [];
  const work: PullThroughWork = {
    store,
    sources: [upstream, ...(options.others ?? [])].map(({ url }, at) => sourceAt(url, at, options.http)),
    agentsOf: (sha256) =>
      agents
        .filter((agent) => agent.sha256 === sha256)
        .map(({ version, release, arch, path, ...agent }) => ({
          version,
          release,
          arch,
          path,
          streams: listStreams({ ...agent }),
        })),
    quota: options.quota,
    upstreams: new Map(Object.entries(options.quotas ?? {})),
    now: options.now ?? (() => new Date()),
    observe: (event) => events.push(event),
    ...(options.waits && { waits: options.waits }),
  };
  const pullThrough = await PullThrough.open({ ...work, ...options.cached?.(work) });
  const ports = portsOf(store);
  const server = createServer(
    { ...ports, store: { ...store, ...listing(store, agents) }, pullThrough },
    {
      log: (record) => records.push(record),
      onDamage: ({ sha256 }) => damaged.push(sha256),
      ...(options.limits && { limits: options.limits }),
    },
  );
  const { url, port } = await server.listen({ host: "127.0.0.1", port: 0 });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await server.close({ drainMs: 0 });
    await pullThrough.close();
  };
  const agentOf = (version: string) => {
    const path = itemPath(upstream, version);
    return agents.find((agent) => agent.path === path) as Agent;
  };
  return {
    url,
    port,
    store,
    server,
    pullThrough,
    events,
    records,
    damaged,
    agents,
    agentOf,
    pathOf: (version) => `/tools/${agentOf(version).path}`,
    urlOf: (version) => `${url}/tools/${agentOf(version).path}`,
    bytesOf: async (version) => {
      const item = upstream.tree.items.get(agentOf(version).path);
      if (item === undefined) throw new Error(`The sample tree has no ${version}.`);
      return readAll(item.source);
    },
    stop: () => (stopping ??= stop()),
    async [Symbol.asyncDispose]() {
      await (stopping ??= stop());
      if (options.store === undefined) await store[Symbol.asyncDispose]();
    },
  };
}

function sourceAt(url: string, at: number, http: CachedOptions["http"]) {
  return openHttpUpstream({
    name: at === 0 ? "sample" : `other-${at}`,
    url,
    keyring: "none",
    userAgent: "jam/test",
    retries: 2,
    backOff: { baseMs: 5, maxMs: 20 },
    idleTimeoutMs: 400,
    ...http,
  });
}

/** What upstream lists, as agents. */
function agentsOf({ tree }: TestUpstream): Agent[] {
  const listings = tree.listings.filter(({ family }) => family === "agents");
  return listings.map(({ item, version, arch, stream, family, productId, date, release }) => ({
    version,
    release,
    arch,
    path: item.path,
    size: item.size,
    sha256: item.sha256 as Sha256,
    listings: [
      {
        contentId: `com.ubuntu.juju:${stream}:${family}`,
        productId,
        date,
      },
    ],
  }));
}

/** A ref that shows a snapshot of what is offered; no store keeps it. */
function listing({ documents }: Store, agents: readonly Agent[]) {
  const snapshot = {
    // The older format, with the agents in the same document.
    format: "jam-snapshot:1",
    id: SNAPSHOT_ID,
    createdAt: "2026-01-01T00:00:00.000Z",
    upstream: { name: "sample", url: "http://upstream.invalid/", verified: true, documents: [] },
    verbatim: { complete: false, reason: "nothing is held" },
    agents,
  } satisfies Snapshot & { readonly format: string };
  const bytes = Buffer.from(JSON.stringify(snapshot));
  return {
    refs: { read: async () => SNAPSHOT_ID },
    documents: {
      ...documents,
      get: async (kind: Parameters<Store["documents"]["get"]>[0], name: string) =>
        name === `${SNAPSHOT_ID}.json` ? bytes : documents.get(kind, name),
    },
  };
}
