/**
 * A mirror in cache mode with its server process and its upstream, and what the server lists.
 *
 * ```ts
 * await using site = await startCacheSite({ settings: { select: [{ stream: "released" }] } });
 * await site.listed();                     // ["3.6.26-ubuntu-amd64", …], as /tools lists them
 * await site.lineDown();                   // upstream answers nothing, and the server has noticed
 * await site.lineUp();
 * ```
 */
import type { ConfigFile } from "../../src/config/schema.ts";
import { until } from "./until.ts";
import { temporaryMirror, type TestMirror } from "./mirror.ts";
import { startServe, type ServeProcess } from "./running-jam.ts";
import { startUpstream, type TestUpstream } from "./upstream.ts";

export interface CacheSite extends AsyncDisposable {
  readonly upstream: TestUpstream;
  readonly mirror: TestMirror;
  readonly server: () => ServeProcess;
  /** Versions that the index of the curated face lists, ascending; the HTTP status where it answers with an error. */
  readonly listed: () => Promise<readonly string[] | number>;
  readonly readiness: () => Promise<Readiness>;
  /** Every request to upstream is answered with 503. Resolves when the server has noticed. */
  readonly lineDown: () => Promise<void>;
  readonly lineUp: () => Promise<void>;
  /** Ends the server and starts another one on the same data. */
  readonly restart: () => Promise<void>;
}

interface Readiness {
  readonly status: number;
  readonly ready: boolean;
  readonly upstream: { readonly reachable: boolean; readonly notes: readonly { readonly code: string }[] };
}

/** Three versions for amd64 unless `upstream` says otherwise; upstream is read again each second. */
export async function startCacheSite({
  settings = {},
  upstream: given,
  before,
}: {
  readonly settings?: ConfigFile;
  readonly upstream?: TestUpstream;
  /** Runs before the server starts. */
  readonly before?: (mirror: TestMirror) => Promise<unknown>;
} = {}): Promise<CacheSite> {
  const upstream =
    given ?? (await startUpstream({ releases: ["3.6.26", "3.6.27", "4.0.15"], arches: ["amd64"] }));
  const mirror = await temporaryMirror(upstream, {
    mode: "cache",
    cache: { refresh: "PT1S" },
    fetch: { retries: 0, idleTimeout: "PT5S" },
    ...settings,
  });
  await before?.(mirror);
  let server = await startServe(mirror.folder);
  const get = (path: string) => fetch(`${server.url}${path}`);
  const readiness = async () => {
    const response = await get("/readyz");
    return { status: response.status, ...((await response.json()) as Omit<Readiness, "status">) };
  };
  const isReachable = async () => (await readiness()).upstream.reachable;
  return {
    upstream,
    mirror,
    server: () => server,
    async listed() {
      const index = await get("/tools/streams/v1/index2.json");
      if (index.status !== 200) return index.status;
      const { index: entries } = (await index.json()) as { index: Record<string, { path: string }> };
      const versions = new Set<string>();
      for (const { path } of Object.values(entries)) {
        const file = await get(`/tools/${path}`);
        for (const [, version = ""] of (await file.text()).matchAll(/"version": ?"([^"]+)"/g))
          versions.add(version);
      }
      return [...versions].sort();
    },
    readiness,
    async lineDown() {
      upstream.fault(/^/, { kind: "status", status: 503 });
      await until(async () => !(await isReachable()));
    },
    async lineUp() {
      upstream.clearFaults();
      await until(isReachable);
    },
    async restart() {
      await server[Symbol.asyncDispose]();
      server = await startServe(mirror.folder);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
