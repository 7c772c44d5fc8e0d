import { expect, test } from "vitest";
import { checkCache, type CacheUnderTest } from "../../../src/audit/check-cache.ts";
import type { ServerUnderTest } from "../../../src/audit/check-cache-server.ts";
import type { StatusDocument } from "../../../src/mirror/status-document.ts";

type Status = NonNullable<StatusDocument["cache"]>;
type Upstream = Status["upstreams"][number];

const now = new Date("2026-12-01T12:00:00Z");
const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const none = { agents: 0, bytes: 0 };
const GB = 2 ** 30;

const upstreamOf = (changes: Partial<Upstream> = {}): Upstream => ({
  name: "far",
  state: "answers",
  refreshedAt: at(-1).toISOString(),
  nextAt: at(4).toISOString(),
  offered: none,
  cached: none,
  quota: null,
  ...changes,
});

const statusOf = (changes: Partial<Status> = {}): Status => ({
  upstream: "answers",
  refreshedAt: at(-1).toISOString(),
  listed: 3,
  held: none,
  cached: none,
  offered: none,
  quota: 20 * GB,
  upstreams: [upstreamOf()],
  ...changes,
});

const cacheOf = (changes: Partial<CacheUnderTest> = {}, status: Partial<Status> = {}): CacheUnderTest => ({
  mode: "cache",
  rules: {
    refreshMs: 300_000,
    staleMs: 0,
    upstreams: [{ name: "far", refreshMs: 300_000, staleMs: 0, quota: undefined }],
  },
  workers: 1,
  onRequest: [],
  contents: { status: statusOf(status), largest: 60_000_000, freeBytes: 100 * GB },
  server: undefined,
  now,
  ...changes,
});

const serverOf = (changes: Partial<ServerUnderTest> = {}): ServerUnderTest => ({
  host: "here",
  pid: 42,
  since: at(-60),
  user: { uid: 998, readOnly: [] },
  settingsChangedAt: at(-90),
  answer: { kind: "readiness", url: "http://127.0.0.1:8080/readyz", ready: true, reasons: [], notes: [] },
  ...changes,
});

const FAR = new Set(["far"]);
const problemsOf = (cache: CacheUnderTest, answering: ReadonlySet<string> = FAR) =>
  checkCache(cache, answering).filter(({ state }) => state !== "ok");

test("a cache whose settings fit and whose server sees upstream has no problems", () => {
  const results = checkCache(cacheOf({ server: serverOf() }), FAR);
  expect(results.map(({ check, state }) => `${check} ${state}`)).toEqual([
    "cache ok",
    "disk ok",
    "server ok",
  ]);
  expect(checkCache(cacheOf(), FAR).at(-1)?.detail).toContain("no cache server runs");
});

const patience = (refreshMs: number, staleMs: number) => ({
  rules: { refreshMs, staleMs, upstreams: [{ name: "far", refreshMs, staleMs, quota: undefined }] },
});
const away = { since: at(-30).toISOString(), code: "JAM_UPSTREAM_TIMEOUT", message: "silent" } as const;
const fault = { since: at(-30).toISOString(), code: "JAM_METADATA_ROLLBACK", message: "older" } as const;
const contentsOf = (
  changes: Partial<NonNullable<CacheUnderTest["contents"]>>,
  status: Partial<Status> = {},
) => ({
  contents: { status: statusOf(status), largest: 60_000_000, freeBytes: 100 * GB, ...changes },
});

test.for<[string, CacheUnderTest, string, RegExp]>([
  [
    "stale shorter than refresh",
    cacheOf(patience(300_000, 60_000)),
    "cache warn",
    /far: stale \(1 min\) is shorter than refresh \(5 min\)/,
  ],
  [
    "workers",
    cacheOf({ workers: 4 }),
    "cache warn",
    /server.workers is 4, and in cache mode one worker serves/,
  ],
  [
    "a quota below the largest tarball",
    cacheOf(contentsOf({}, { quota: 1_000_000 })),
    "cache warn",
    /less than the largest tarball that is offered/,
  ],
  [
    "an upstream's quota below the largest tarball",
    cacheOf(contentsOf({}, { upstreams: [upstreamOf({ quota: 1_000_000 })] })),
    "cache warn",
    /the quota of far is/,
  ],
  [
    "a quota that the disk has no room for",
    cacheOf(contentsOf({ freeBytes: 10 * GB }, { cached: { agents: 9, bytes: 5 * GB } })),
    "disk warn",
    /takes 5\.0 GiB of its quota of 20\.0 GiB, and the disk has 10\.0 GiB free: the disk is full before/,
  ],
  [
    "quotas of the cache and of an upstream that the disk has no room for together",
    cacheOf(
      contentsOf(
        { freeBytes: 25 * GB },
        { upstreams: [upstreamOf(), upstreamOf({ name: "near", quota: 10 * GB })] },
      ),
    ),
    "disk warn",
    /of its quota of 30\.0 GiB/,
  ],
  [
    "a look at upstream that lies in the future",
    cacheOf(contentsOf({}, { refreshedAt: at(120).toISOString() })),
    "clock fail",
    /2 h from now/,
  ],
  [
    "a server that stays away from an upstream that answers",
    cacheOf({ server: serverOf(), ...contentsOf({}, { upstreams: [upstreamOf({ state: "away", away })] }) }),
    "server fail",
    /far answered this check, but the server \(process 42\) has not reached it for 30 min/,
  ],
  [
    "a server that refuses what an upstream publishes",
    cacheOf({
      server: serverOf(),
      ...contentsOf({}, { upstreams: [upstreamOf({ state: "refused", fault })] }),
    }),
    "server fail",
    /refuses what far publishes/,
  ],
  [
    "a refusal that is about no single upstream",
    cacheOf({ server: serverOf(), ...contentsOf({}, { fault }) }),
    "server fail",
    /offers what it listed before/,
  ],
  [
    "a server that no longer asks",
    cacheOf({ server: serverOf(), ...contentsOf({}, { upstreams: [upstreamOf({ state: "unknown" })] }) }),
    "server warn",
    /has run for 1 h, and last asked far/,
  ],
  [
    "settings that are newer than the server",
    cacheOf({ server: serverOf({ settingsChangedAt: at(-1) }) }),
    "server warn",
    /works with the earlier ones/,
  ],
  [
    "folders that the server's user cannot write to",
    cacheOf({ server: serverOf({ user: { uid: 998, readOnly: ["/srv/data/partial"] } }) }),
    "permissions fail",
    /runs as user 998, who cannot write to \/srv\/data\/partial/,
  ],
  [
    "a server that fails to write what it reads",
    cacheOf({
      server: serverOf({
        answer: {
          kind: "readiness",
          url: "u",
          ready: true,
          reasons: [],
          notes: [{ code: "JAM_STORE_NO_SPACE", since: at(-3).toISOString() }],
        },
      }),
    }),
    "server fail",
    /cannot write what it reads of upstream/,
  ],
  [
    "a server that is not ready, with its reasons",
    cacheOf({
      server: serverOf({
        answer: { kind: "readiness", url: "u", ready: false, reasons: ["Nothing is held."], notes: [] },
      }),
    }),
    "server fail",
    /is not ready: Nothing is held \(u\)/,
  ],
  [
    "another program at the address",
    cacheOf({
      server: serverOf({ answer: { kind: "none", url: "u", reason: "another program answers there" } }),
    }),
    "server warn",
    /does not answer as it should: another program/,
  ],
  [
    "offline mode with a server that is still a cache",
    cacheOf({ mode: "offline", contents: undefined, server: serverOf() }),
    "server fail",
    /mode is offline, but a server in cache mode has been running/,
  ],
  [
    "offline mode with rules that fetch on request",
    cacheOf({ mode: "offline", contents: undefined, onRequest: [1, 3] }),
    "cache warn",
    /rule 1, 3 of select says `fetch: onRequest`/,
  ],
])("finds %s, and says what to do", ([, cache, result, detail]) => {
  const found = problemsOf(cache);
  expect(found.map(({ check, state }) => `${check} ${state}`)).toEqual([result]);
  expect(found[0]?.detail).toMatch(detail);
  expect(found[0]?.hint).toBeTruthy();
});

test("an upstream that this check does not reach either is no fault of the server", () => {
  const cache = cacheOf({
    server: serverOf(),
    ...contentsOf({}, { upstreams: [upstreamOf({ state: "away", away })] }),
  });
  expect(problemsOf(cache, new Set())).toMatchObject([{ check: "server", state: "warn", code: away.code }]);
});

test("settings that are right at their limits are no problem", () => {
  for (const rules of [patience(300_000, 0), patience(300_000, 300_000), patience(1_000, 86_400_000)])
    expect(problemsOf(cacheOf(rules))).toEqual([]);
  expect(problemsOf(cacheOf({ workers: "auto" }))).toEqual([]);
  expect(problemsOf(cacheOf(contentsOf({ freeBytes: 10 * GB }, { quota: null })))).toEqual([]);
  expect(problemsOf(cacheOf({ ...contentsOf({}), mode: "online", onRequest: [] }))).toEqual([]);
  // A server that has just started has not asked yet.
  const started = contentsOf({}, { upstreams: [upstreamOf({ state: "unknown", refreshedAt: null })] });
  expect(problemsOf(cacheOf({ server: serverOf({ since: at(-1) }), ...started }))).toMatchObject([]);
});
