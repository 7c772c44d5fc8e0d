import type { Sha256 } from "../shared/sha256.ts";
import { BufferPool } from "./buffer-pool.ts";
import { type ConnectionCounts, Connections } from "./connections.ts";
import { DamageWatch } from "./damage-watch.ts";
import { createHandler } from "./handler.ts";
import { HotChunks } from "./hot-chunks.ts";
import {
  type ListenAddress,
  type Listening,
  SERVER_LIMITS,
  type ServerLimits,
  createHardenedServer,
  drain,
  listenOn,
} from "./http-server.ts";
import { createRefReaders } from "./ref-reader.ts";
import type { ServerPorts } from "./ports.ts";
import { ProvenBlobs } from "./proven-blobs.ts";
import type { RequestRecord } from "./request-log.ts";
import { createVerbatimDocuments } from "./verbatim-documents.ts";
import { Traffic } from "./traffic.ts";
import { WriteTurns } from "./write-turns.ts";

export interface ServerOptions {
  /** Told about each answered request. Default: nobody. */
  readonly log?: (record: RequestRecord) => void;
  /** Told once when a held tarball turns out to be missing, damaged or unreadable, and how. Default: nobody. */
  readonly onDamage?: (sha256: Sha256, how: string) => void;
  readonly limits?: Partial<ServerLimits>;
  /** How long a channel serves what it no longer lists, in ms. Default 6 h, as `retention.grace`. */
  readonly graceMs?: number;
}

const DEFAULT_GRACE_MS = 6 * 3_600_000;

/** The HTTP server of a mirror. */
export interface MirrorServer {
  readonly connections: () => ConnectionCounts;
  /** @throws JamError JAM_LISTEN_FAILED */
  readonly listen: (address: ListenAddress) => Promise<Listening>;
  /** Lets running transfers end for at most `drainMs`; resolves when all connections are gone. */
  readonly close: (options: { readonly drainMs: number }) => Promise<void>;
}

/** A server that answers from these ports. It holds no state that the next one would need. */
export function createServer(
  { store, readState, ask, offer, pullThrough }: ServerPorts,
  options: ServerOptions = {},
): MirrorServer {
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const turns = new WriteTurns();
  const traffic = new Traffic();
  let damaged = 0;
  const blobs = new ProvenBlobs(store.blobs, (sha256, how) => {
    damaged++;
    options.onDamage?.(sha256, how);
  });
  const context = {
    traffic,
    damaged: () => damaged,
    connections: () => connections.counts,
    refs: store.refs,
    documents: store.documents,
    readerOf: createRefReaders(store, {
      damage: new DamageWatch(store.documents, blobs),
      graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      offer,
    }),
    offer,
    verbatim: createVerbatimDocuments(store),
    blobs,
    pullThrough,
    readState,
    ask,
    pool: new BufferPool(),
    chunks: new HotChunks(),
    pace: limits.readerPace,
    turns,
  };
  const handler = createHandler(context, {
    log: (record) => {
      traffic.count(record);
      options.log?.(record);
    },
    refusalOf: (socket) => connections.refusalOf(socket),
  });
  const server = createHardenedServer(handler, limits);
  const connections = new Connections(server, limits.maxConnections);
  server.on("connection", () => turns.hurry());
  let draining: Promise<void> | undefined;
  // Answers during the drain say `Connection: close`, so that the client does not wait for the connection's end.
  server.prependListener("request", (_request, response) => {
    if (draining !== undefined) response.shouldKeepAlive = false;
  });
  return {
    connections: () => connections.counts,
    listen: (address) => listenOn(server, address),
    close: ({ drainMs }) => (draining ??= drain(server, drainMs)),
  };
}
