import type { Server } from "node:http";
import { BufferPool } from "./buffer-pool.ts";
import { Connections } from "./connections.ts";
import { DamageWatch } from "./damage-watch.ts";
import { createHandler } from "./handler.ts";
import { HotChunks } from "./hot-chunks.ts";
import {
  type ListenAddress,
  type ListenOptions,
  type Listening,
  SERVER_LIMITS,
  type ServerLimits,
  createHardenedServer,
  drain,
  listenOn,
} from "./http-server.ts";
import { QuickAnswers } from "./quick-answers.ts";
import { QuickConnections } from "./quick-connections.ts";
import { createRefReaders } from "./ref-reader.ts";
import type { ServerPorts } from "./ports.ts";
import { type Damage, type OthersDamage, ProvenBlobs } from "./proven-blobs.ts";
import { logTlsGreetings, type RequestRecord } from "./request-log.ts";
import { type ConnectionCounts, ServerCounts } from "./server-counts.ts";
import { createVerbatimDocuments } from "./verbatim-documents.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { WriteTurns } from "./write-turns.ts";

export interface ServerOptions {
  /** Told about each answered request. Default: nobody. */
  readonly log?: (record: RequestRecord) => void;
  /** Told once when a held tarball turns out to be missing, damaged or unreadable, and how. Default: nobody. */
  readonly onDamage?: (damage: Damage) => void;
  readonly limits?: Partial<ServerLimits>;
  /** How long a channel serves what it no longer lists, in ms. Default 6 h, as `retention.grace`. */
  readonly graceMs?: number;
  /** What is counted, together with other workers. Default: counts of its own. */
  readonly counts?: ServerCounts;
  /** What other workers find. Default: there are none. */
  readonly others?: OthersDamage;
}

const DEFAULT_GRACE_MS = 6 * 3_600_000;

/** The HTTP server of a mirror. */
export interface MirrorServer {
  readonly connections: () => ConnectionCounts;
  /** @throws JamError JAM_LISTEN_FAILED */
  readonly listen: (address: ListenAddress, options?: ListenOptions) => Promise<Listening>;
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
  const { counts = new ServerCounts(), others } = options;
  const onDamage = (damage: Damage) => {
    // Told first: whoever sees the count asks the others.
    options.onDamage?.(damage);
    counts.addDamage();
  };
  const blobs = new ProvenBlobs(store.blobs, onDamage, { others, isCache: pullThrough !== undefined });
  const context = {
    counts,
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
  const log = (record: RequestRecord) => {
    counts.count(record);
    options.log?.(record);
  };
  const handler = createHandler(context, {
    log,
    refusalOf: (socket) => connections.refusalOf(socket),
  });
  const server = createHardenedServer(handler, limits);
  const quick = new QuickConnections(server, {
    answers: new QuickAnswers(context.readerOf(MIRROR_REF), limits.keepAliveTimeoutMs),
    log,
    isRefused: (socket) => connections.refusalOf(socket) !== undefined,
    headersTimeoutMs: limits.headersTimeoutMs,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
    pace: limits.readerPace,
  });
  const connections = new Connections(server, limits.maxConnections, counts);
  server.on("connection", () => turns.hurry());
  if (options.log !== undefined) logTlsGreetings(server, options.log);
  return {
    connections: () => counts.connections,
    listen: (address, shared) => listenOn(server, address, shared),
    close: drainOnce(server, quick),
  };
}

/** Ends the server, once however often it is called. */
function drainOnce(server: Server, quick: QuickConnections): MirrorServer["close"] {
  let draining: Promise<void> | undefined;
  // Answers during the drain say `Connection: close`, so that the client does not wait for the connection's end.
  server.prependListener("request", (_request, response) => {
    if (draining !== undefined) response.shouldKeepAlive = false;
  });
  return ({ drainMs }) => {
    if (draining === undefined) {
      draining = drain(server, drainMs);
      quick.drain();
    }
    return draining;
  };
}
