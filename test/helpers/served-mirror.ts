/**
 * A mirror served over real HTTP from a real store, published step by step.
 *
 * ```ts
 * await using mirror = await serveMirror({ agents: [{ version: "3.6.5", size: 100_000 }] });
 * await fetch(`${mirror.url}/tools/agent/3.6.5/juju-3.6.5-linux-amd64.tgz`);
 * await mirror.publish({ agents: [{ version: "3.6.6", size: 5 }] });   // the next snapshot
 * mirror.records, mirror.damaged                                       // what the server told
 * ```
 */
import { PullThrough } from "../../src/cache/pull-through.ts";
import type { ComposeServerOptions } from "../../src/compose/serve.ts";
import type { QueryAnswers } from "../../src/server/answers.ts";
import type { Agent } from "../../src/juju/agent.ts";
import { JUJU_KNOWLEDGE } from "../../src/juju/knowledge/knowledge.ts";
import { createStateReader } from "../../src/upgrade/which/which-state.ts";
import { MIRROR_REF } from "../../src/shared/ref-name.ts";
import { defined } from "../../src/shared/collections.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import type { Sha256 } from "../../src/shared/sha256.ts";
import type { ServedStore, ServerPorts } from "../../src/server/ports.ts";
import type { RequestRecord } from "../../src/server/request-log.ts";
import { type MirrorServer, type ServerOptions, createServer } from "../../src/server/server.ts";
import type { Store } from "../../src/store/store.ts";
import { publishSnapshot } from "../../src/mirror/publish.ts";
import type { Snapshot } from "../../src/mirror/snapshot.ts";
import { putBlob, someBytes } from "./store-content.ts";
import { type TemporaryStore, temporaryStore } from "./temporary-store.ts";

/** One agent for amd64 on ubuntu; the same seed and size give the same tarball. */
export interface AgentSpec {
  readonly version: string;
  /** Bytes of the tarball. Default 1000. */
  readonly size?: number;
  /** Default from the version, so that versions differ. */
  readonly seed?: number;
  readonly path?: string;
}

export interface Publish {
  readonly agents: readonly AgentSpec[];
  /** Upstream's documents by path; kept as proof. */
  readonly documents?: Readonly<Record<string, string>>;
  /** Default: the verbatim face is not complete. */
  readonly verbatim?: Snapshot["verbatim"];
  /** The bundle that it came with. Default: it was synced. */
  readonly bundle?: Snapshot["bundle"];
}

export interface ServedMirror extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: TemporaryStore;
  readonly server: MirrorServer;
  readonly ports: ServerPorts;
  readonly records: RequestRecord[];
  readonly damaged: Sha256[];
  readonly publish: (publish: Publish) => Promise<Snapshot>;
}

export interface ServeOptions extends Partial<Publish> {
  readonly limits?: ServerOptions["limits"];
  /** Makes it a mirror in cache mode. */
  readonly offer?: ServerPorts["offer"];
  /** Changes what the server reads, for instance to fail. */
  readonly served?: (store: ServedStore) => Partial<ServedStore>;
}

/** Fetches for clients, of an upstream that is not there. */
function openPullThrough(store: ServedMirror["store"]): Promise<PullThrough> {
  return PullThrough.open({
    store,
    sources: [],
    agentsOf: () => [],
    quota: undefined,
    upstreams: new Map(),
    now: () => new Date(),
    observe: () => undefined,
  });
}

/** Starts a server on a free port; with `agents` a first snapshot is published before. */
export async function serveMirror(options: ServeOptions = {}): Promise<ServedMirror> {
  const store = await temporaryStore();
  const publish = publisher(store);
  if (options.agents !== undefined) await publish({ ...options, agents: options.agents });
  const ports = portsOf(store);
  const records: RequestRecord[] = [];
  const damaged: Sha256[] = [];
  const log = (record: RequestRecord) => void records.push(record);
  const onDamage = (sha256: Sha256) => void damaged.push(sha256);
  const { limits = {} } = options;
  const pullThrough = options.offer === undefined ? undefined : await openPullThrough(store);
  const workers = options.served === undefined && options.offer === undefined ? testWorkers() : 1;
  const server =
    workers > 1
      ? await serveWithWorkers(store.path, workers, { log, onDamage, limits })
      : createServer(
          {
            ...ports,
            offer: options.offer,
            pullThrough,
            store: { ...ports.store, ...options.served?.(ports.store) },
          },
          { log, onDamage: ({ sha256 }) => onDamage(sha256), limits },
        );
  const { url, port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    port,
    store,
    server,
    ports,
    records,
    damaged,
    publish,
    async [Symbol.asyncDispose]() {
      await server.close({ drainMs: 0 });
      await pullThrough?.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** How many workers serve; a test file that runs others with several sets it. */
function testWorkers(): number {
  return Number(process.env["JAM_TEST_WORKERS"] ?? 1);
}

/** The whole server as `jam serve` composes it, with several workers. */
export async function serveWithWorkers(
  data: string,
  workers: number,
  options: ComposeServerOptions,
): Promise<MirrorServer> {
  const { composeServer } = await import("../../src/compose/serve.ts");
  const { loadConfig } = await import("../../src/config/load.ts");
  const connections = options.limits?.maxConnections ?? 10_000;
  const flags = { data, "server.workers": String(workers), "server.connections": String(connections) };
  const config = await loadConfig({ file: undefined, flags, env: {}, cwd: data, version: "test" });
  return composeServer(config, options);
}

/** The server's view of a store. */
export function portsOf(store: TemporaryStore): ServerPorts {
  let queries: Promise<QueryAnswers> | undefined;
  return {
    store,
    readState: createStateReader(store, () => Promise.resolve(JUJU_KNOWLEDGE)),
    // In this thread: what a thread of their own adds is a subject of its own.
    ask: async (name, input) => {
      queries ??= queriesOf(store.path);
      return Buffer.from(`${JSON.stringify(await (await queries)[name](input))}\n`);
    },
  };
}

async function queriesOf(data: string): Promise<QueryAnswers> {
  const { composeQueries } = await import("../../src/compose/queries.ts");
  const { loadConfig } = await import("../../src/config/load.ts");
  const flags = { data };
  return composeQueries(await loadConfig({ file: undefined, flags, env: {}, cwd: data, version: "test" }));
}

/** The store with blobs that are read as streams alone, as those of an object store. */
export function streamsOnly({ blobs }: ServedStore): Partial<ServedStore> {
  return {
    blobs: {
      async open(sha256) {
        const blob = await blobs.open(sha256);
        if (blob === undefined) return undefined;
        const { size, storedAt } = blob;
        return { size, storedAt, bytes: (range) => blob.bytes(range), close: () => blob.close() };
      },
    },
  };
}

/** Publishes snapshots one second of age apart, so that their ids ascend. */
export function publisher(store: Store, ref = MIRROR_REF): (publish: Publish) => Promise<Snapshot> {
  let createdAt = Date.UTC(2026, 0, 1);
  const published: Snapshot[] = [];
  return async ({ agents, documents = {}, verbatim, bundle }) => {
    createdAt += 1000;
    const proofs = await Promise.all(
      Object.entries(documents).map(async ([path, text]) => {
        const bytes = Buffer.from(text);
        const sha256 = sha256Of(bytes);
        await store.documents.put("upstream", sha256, bytes);
        return { path, url: `http://upstream.invalid/${path}`, sha256 };
      }),
    );
    const content = {
      agents: await Promise.all(agents.map((spec) => heldAgent(store, spec))),
      upstream: { name: "sample", url: "http://upstream.invalid/", verified: true, documents: proofs },
      verbatim: verbatim ?? { complete: false, reason: "2 of 3 items are not held" },
      parent: published.at(-1)?.id,
      createdAt: new Date(createdAt),
      ...defined({ bundle }),
    };
    const snapshot = await publishSnapshot(store, content, { ref, graced: published.slice(-2) });
    published.push(snapshot);
    return snapshot;
  };
}

async function heldAgent(store: Store, spec: AgentSpec): Promise<Agent> {
  const { version, size = 1000, seed = seedOf(version) } = spec;
  const { sha256 } = someBytes(size, seed);
  if ((await store.blobs.stat(sha256)) === undefined) await putBlob(store.blobs, size, seed);
  return {
    version,
    release: "ubuntu",
    arch: "amd64",
    path: spec.path ?? tarballPath(version),
    size,
    sha256,
    listings: [
      {
        contentId: "com.ubuntu.juju:released:agents",
        productId: "com.ubuntu.juju:ubuntu:amd64",
        date: "20260101",
      },
    ],
  };
}

/** Where upstream has an agent for amd64. */
export function tarballPath(version: string): string {
  return `agent/${version}/juju-${version}-linux-amd64.tgz`;
}

/** The bytes of an agent published by `serveMirror`. */
export function tarballBytes(spec: AgentSpec): Buffer {
  return someBytes(spec.size ?? 1000, spec.seed ?? seedOf(spec.version)).bytes;
}

function seedOf(version: string): number {
  return Buffer.from(version).reduce((seed, byte) => (seed * 31 + byte) % 1_000_003, 7);
}
