import type { Config } from "../config/config.ts";
import type { OfferWatch } from "../cache/offer-watch.ts";
import type { PullEvent, PullThrough } from "../cache/pull-through.ts";
import { availableParallelism } from "node:os";
import type { ServerLimits } from "../server/http-server.ts";
import type { Damage } from "../server/proven-blobs.ts";
import type { AskQuery } from "../server/queries.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { MirrorServer } from "../server/server.ts";
import type { FoundDamage } from "../mirror/damaged-blobs.ts";
import { toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { openReadState } from "./known-agents.ts";
import { DamageBoard, openNews } from "./damage-news.ts";
import { findPort, ServeWorkers } from "./serve-workers.ts";
import { openStore } from "./store.ts";

/** More workers than that by `auto` would need more memory than they save time. */
const MAX_AUTO = 4;

export interface ComposeServerOptions {
  /** Called for each answered request. */
  readonly log: (record: RequestRecord) => void;
  /** Called once when a held tarball turns out to be missing, damaged or unreadable, and how. */
  readonly onDamage: (sha256: Sha256, how: string) => void;
  /** Called when that could not be noted for the next sync, and why. Default: nobody. */
  readonly onUnnoted?: (reason: string) => void;
  /** Called when fewer connections fit into the limit of open files than the settings allow. Default: nobody. */
  readonly onFewFiles?: (connections: number) => void;
  /** Called when several workers are set and there is one, because of cache mode. Default: nobody. */
  readonly onOneWorker?: () => void;
  /** Called when a worker failed and was replaced, and why. Default: nobody. */
  readonly onWorkerFailed?: (reason: string) => void;
  /** Default: those of a server. */
  readonly limits?: Partial<ServerLimits>;
  /** Told in cache mode when upstream goes away, is refused, or is back. Default: nobody. */
  readonly onUpstream?: (message: string) => void;
  /** Told in cache mode what was fetched for clients, failed, or was evicted. Default: nobody. */
  readonly onPull?: (event: PullEvent) => void;
  /** Of this process, for what is requested of upstream in cache mode. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `jam/0.1.0`. Default: `jam`. */
  readonly userAgent?: string;
}

/**
 * The HTTP server of this mirror. It only reads, so it can run during a sync; all it ever writes is the note that a tarball
 * is damaged, by which a sync learns what to fetch again.
 */
export async function composeServer(config: Config, options: ComposeServerOptions): Promise<MirrorServer> {
  const { createServer } = await import("../server/server.ts");
  const { ServerCounts } = await import("../server/server-counts.ts");
  const { QueryThread } = await import("./query-thread.ts");
  // A plan of a large fleet takes seconds; the status of the mirror must not wait for it.
  const [plans, answers] = [new QueryThread(config), new QueryThread(config)];
  const ask: AskQuery = (name, ...rest) =>
    (name === "plan" || name === "ready" ? plans : answers).ask(name, ...rest);
  const { hashThreads: hasher } = await import("../disk/hash-threads.ts");
  const store = await openStore(config, { create: config.mode === "cache" });
  const { connectionsThatFit } = await import("../server/open-files.ts");
  const fitting = connectionsThatFit(config.maxConnections);
  if (fitting !== undefined) options.onFewFiles?.(fitting);
  const limits = { ...options.limits, maxConnections: fitting ?? config.maxConnections };
  const offer = await openOffer(config, store, options);
  const workers = countWorkers(config);
  if (workers === 1 && config.workers !== 1 && config.workers !== "auto") options.onOneWorker?.();
  const counts = new ServerCounts({ workers });
  const board = new DamageBoard();
  const onDamage = (damage: Damage) => {
    const { sha256, how } = damage;
    if (!board.add(damage)) return;
    options.onDamage(sha256, how);
    note(store, { sha256, how, foundAt: new Date().toISOString(), foundBy: "jam serve" }).catch(
      (error: unknown) => options.onUnnoted?.(toJamError(error).message),
    );
  };
  const others = openNews(counts, (seen, counted) => board.read(seen, counted));
  const pullThrough = offer && (await openPullThrough(config, store, { ...options, offer }));
  const server = createServer(
    { store, readState: openReadState(config), ask, offer, pullThrough },
    { log: options.log, onDamage, limits, graceMs: config.retention.graceMs, counts, others },
  );
  await offer?.start();
  const onFailure = options.onWorkerFailed ?? (() => undefined);
  const crew =
    workers === 1
      ? undefined
      : new ServeWorkers(
          { config, workers, limits },
          { counts, board, ask, hasher, onDamage, log: options.log, onFailure },
        );
  return {
    connections: server.connections,
    listen: async (address) => {
      if (crew === undefined) return server.listen(address);
      const { host, port } = await findPort(address);
      const listening = await server.listen({ host, port }, { isShared: true });
      await crew.listen({ host, port });
      return listening;
    },
    async close(closing) {
      await Promise.all([server.close(closing), crew?.close(closing)]);
      await Promise.all([plans.close(), answers.close(), offer?.close(), pullThrough?.close()]);
    },
  };
}

/** How many threads serve. In cache mode one: only one place may fetch. */
function countWorkers({ workers, mode }: Pick<Config, "workers" | "mode">): number {
  if (mode === "cache") return 1;
  return workers === "auto" ? Math.min(availableParallelism(), MAX_AUTO) : workers;
}

async function note({ documents }: Pick<Store, "documents">, found: FoundDamage): Promise<void> {
  const { noteDamage } = await import("../mirror/damaged-blobs.ts");
  await noteDamage(documents, found);
}

/** What upstream offers, in cache mode. */
async function openOffer(
  config: Config,
  store: Store,
  { onUpstream, env, userAgent = "jam" }: ComposeServerOptions,
): Promise<OfferWatch | undefined> {
  if (config.mode !== "cache") return undefined;
  const { composeOfferWatch } = await import("./offer.ts");
  const onNote = onUpstream ?? (() => undefined);
  return composeOfferWatch(config, store, { env: { ...env }, userAgent, onNote });
}

/** What fetches tarballs for clients, in cache mode. */
async function openPullThrough(
  config: Config,
  store: Store,
  {
    offer,
    env = {},
    userAgent = "jam",
    onPull: onEvent = () => undefined,
    onUpstream: onWarning = () => undefined,
  }: ComposeServerOptions & { readonly offer: OfferWatch },
): Promise<PullThrough> {
  const { composePullThrough } = await import("./pull-through.ts");
  return composePullThrough(config, store, { offer, env, userAgent, onEvent, onWarning });
}
