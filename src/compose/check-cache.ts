import { constants } from "node:fs";
import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { formatToolsUrl } from "../config/values.ts";
import { readOffer } from "../mirror/offer.ts";
import { toJamError } from "../shared/errors.ts";
import type { LeaseHolder, Store } from "../store/store.ts";
import { openStore } from "./store.ts";

/** Longest silence of a server on this machine, in ms. */
const ANSWER_MS = 3_000;

/** Folders to which a cache server writes. */
const WRITTEN = ["", "blobs/sha256", "partial", "state"];

/**
 * What `jam check` looks at because of cache mode. Makes no request, except to a cache server on this machine.
 * @throws JamError JAM_STORE_…
 */
export async function composeCacheCheck(
  config: Config,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
) {
  const store = await openStore(config);
  const isCache = config.mode === "cache";
  const holder = await store.cacheLease.holder();
  return {
    mode: config.mode,
    rules: config.cache,
    workers: config.workers,
    onRequest: config.rules.select.flatMap(({ fetch }, index) => (fetch === "onRequest" ? [index + 1] : [])),
    contents: isCache ? await readContents(config, store, now) : undefined,
    server: holder && (await readServer(config, holder, signal)),
    now,
  };
}

async function readContents(config: Config, store: Store, now: Date) {
  const { describeCache } = await import("../mirror/describe-cache.ts");
  const offer = await readOffer(store.documents);
  return {
    status: await describeCache(store, { ...config.cache, now }),
    largest: offer?.agents.reduce((most, { size }) => Math.max(most, size), 0),
    // Where it cannot be read, the check of the disk says so.
    freeBytes: await store.space?.().catch(() => undefined),
  };
}

async function readServer(config: Config, { host, pid, since }: LeaseHolder, signal: AbortSignal) {
  const isHere = host === hostname();
  const changed = config.file === undefined ? undefined : await stat(config.file).catch(() => undefined);
  return {
    host,
    pid,
    since,
    user: isHere ? await readUser(config.data, pid) : undefined,
    settingsChangedAt: changed?.mtime,
    // Port 0 is another one at each start.
    answer: isHere && config.server.port !== 0 ? await askReadiness(config, signal) : undefined,
  };
}

/** Who runs the process, and where this user cannot write. The groups of others are not known, so theirs count as writable. */
async function readUser(data: string, pid: number) {
  const process = await stat(`/proc/${pid}`).catch(() => undefined);
  if (process === undefined) return undefined;
  const { uid } = process;
  const readOnly: string[] = [];
  for (const name of WRITTEN) {
    const folder = join(data, name);
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || uid === 0) continue;
    const needed = found.uid === uid ? constants.S_IWUSR : constants.S_IWGRP | constants.S_IWOTH;
    if ((found.mode & needed) === 0) readOnly.push(folder);
  }
  return { uid, readOnly };
}

async function askReadiness(config: Config, signal: AbortSignal) {
  const { openProbe } = await import("../upstream/probe.ts");
  const url = new URL("/readyz", formatToolsUrl({ ...config.server, face: "/" }, "127.0.0.1")).href;
  // Without the proxies of this user: it is on this machine.
  const shared = { environment: {}, caFile: undefined, idleTimeoutMs: ANSWER_MS };
  const probe = await openProbe({
    ...shared,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  const answer = await probe(url, { method: "GET", headers: {}, body: "keep" }).catch((error: unknown) => {
    signal.throwIfAborted();
    return { kind: "unreachable", reason: toJamError(error).message } as const;
  });
  if (answer.kind === "unreachable") return { kind: "none", url, reason: answer.reason } as const;
  const { readReadiness } = await import("../server/read-readiness.ts");
  const said = readReadiness(Buffer.from(answer.bytes).toString("utf8"));
  if (said === undefined) return { kind: "none", url, reason: "another program answers there" } as const;
  return {
    kind: "readiness",
    url,
    ready: said.ready,
    reasons: said.reasons.map(({ message }) => message),
    notes: said.upstream.notes,
  } as const;
}
