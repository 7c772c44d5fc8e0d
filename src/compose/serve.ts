import type { Config } from "../config/config.ts";
import type { OfferWatch } from "../cache/offer-watch.ts";
import type { PullEvent, PullThrough } from "../cache/pull-through.ts";
import type { AskQuery } from "../server/queries.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { MirrorServer } from "../server/server.ts";
import type { FoundDamage } from "../mirror/damaged-blobs.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { KnownAgents } from "../upgrade/known-agents.ts";
import type { WhichState } from "../upgrade/which/which-state.ts";
import type { KnownAgentsOutcome, KnownAgentsTask } from "./known-agents-worker.ts";
import { openStore } from "./store.ts";

export interface ComposeServerOptions {
  /** Called for each answered request. */
  readonly log: (record: RequestRecord) => void;
  /** Called once when a held tarball turns out to be missing, damaged or unreadable, and how. */
  readonly onDamage: (sha256: string, how: string) => void;
  /** Called when that could not be noted for the next sync, and why. Default: nobody. */
  readonly onUnnoted?: (reason: string) => void;
  /** Called when fewer connections fit into the limit of open files than the settings allow. Default: nobody. */
  readonly onFewFiles?: (connections: number) => void;
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
  // What answers questions about versions is loaded with the first one: most servers never get any.
  let which: (() => Promise<WhichState>) | undefined;
  const readState = async () => (which ??= await openWhich(config))();
  const { QueryThread } = await import("./query-thread.ts");
  // A plan of a large fleet takes seconds; the status of the mirror must not wait for it.
  const [plans, others] = [new QueryThread(config), new QueryThread(config)];
  const ask: AskQuery = (name, ...rest) =>
    (name === "plan" || name === "ready" ? plans : others).ask(name, ...rest);
  const store = await openStore(config, { create: config.mode === "cache" });
  const onDamage = (sha256: Sha256, how: string) => {
    options.onDamage(sha256, how);
    note(store, { sha256, how, foundAt: new Date().toISOString(), foundBy: "jam serve" }).catch(
      (error: unknown) => options.onUnnoted?.(toJamError(error).message),
    );
  };
  const { connectionsThatFit } = await import("../server/open-files.ts");
  const fitting = connectionsThatFit(config.maxConnections);
  if (fitting !== undefined) options.onFewFiles?.(fitting);
  const limits = { maxConnections: fitting ?? config.maxConnections };
  const { graceMs } = config.retention;
  const offer = await openOffer(config, store, options);
  const pullThrough = offer && (await openPullThrough(config, store, { ...options, offer }));
  const ports = { store, readState, ask, offer, pullThrough };
  const server = createServer(ports, { log: options.log, onDamage, limits, graceMs });
  await offer?.start();
  return {
    ...server,
    async close(closing) {
      await server.close(closing);
      await Promise.all([plans.close(), others.close(), offer?.close(), pullThrough?.close()]);
    },
  };
}

async function note({ documents }: Pick<Store, "documents">, found: FoundDamage): Promise<void> {
  const { noteDamage } = await import("../mirror/damaged-blobs.ts");
  await noteDamage(documents, found);
}

async function openWhich(config: Config): Promise<() => Promise<WhichState>> {
  const { composeWhich } = await import("./upgrade.ts");
  return composeWhich(config, () => readKnownInThread(config));
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

/**
 * What is held and what upstream listed, read in a thread: upstream's documents are several megabytes, and the server
 * has to answer other requests meanwhile.
 * @throws JamError JAM_STORE_…
 */
async function readKnownInThread({ store, mode, cache }: Config): Promise<KnownAgents> {
  const { Worker } = await import("node:worker_threads");
  const { once } = await import("node:events");
  // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./known-agents-worker.${extension}`, import.meta.url), {
    workerData: { settings: { store, mode, cache } } satisfies KnownAgentsTask,
  });
  try {
    const [outcome] = (await once(worker, "message")) as [KnownAgentsOutcome];
    if ("known" in outcome) return outcome.known;
    throw JamError.fromReport(outcome.error);
  } finally {
    await worker.terminate();
  }
}
