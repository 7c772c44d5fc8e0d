import { test } from "vitest";
import type { ConfigFile } from "../../../src/config/schema.ts";
import { startCacheSite, type CacheSite } from "../../helpers/cache-server.ts";
import { itemPath, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { until } from "../../helpers/until.ts";

const SHAPE = { arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;
type CacheSettings = NonNullable<NonNullable<ConfigFile["upstreams"]>[number]["cache"]>;

interface TwoUpstreams extends AsyncDisposable {
  readonly site: CacheSite;
  readonly lab: TestUpstream;
  readonly status: () => Promise<readonly Record<string, unknown>[]>;
  readonly labAsked: () => number;
}

/** The first upstream, `sample`, has 3.6; the second one, `lab`, has 4.0 alone. */
async function startTwo(lab: CacheSettings): Promise<TwoUpstreams> {
  const first = await startUpstream({ ...SHAPE, releases: ["3.6.26", "3.6.27"] });
  const second = await startUpstream({ ...SHAPE, releases: ["4.0.15"], key: first.tree.key });
  const site = await startCacheSite({
    upstream: first,
    settings: {
      upstreams: [
        { name: "sample", url: first.url, keyring: "key.asc" },
        { name: "lab", url: second.url, keyring: "key.asc", cache: lab },
      ],
      select: [
        { stream: "released", versions: "3.6" },
        { stream: "released", versions: "4.0" },
      ],
    },
  });
  const read = async () =>
    JSON.parse((await site.mirror.here("status", "-o", "json")).stdout) as {
      cache: { upstreams: Record<string, unknown>[] };
    };
  return {
    site,
    lab: second,
    status: async () => (await read()).cache.upstreams,
    labAsked: () => second.requests.length,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

const get = ({ site }: TwoUpstreams, from: TestUpstream, version: string) =>
  fetch(`${site.server().url}/tools/${itemPath(from, version)}`);

test.concurrent(
  "an upstream with a longer refresh is asked less often, and stays offered meanwhile",
  async ({ expect }) => {
    await using two = await startTwo({ refresh: "PT1H", quota: "10MiB" });
    const { site, lab } = two;
    expect(await site.listed()).toEqual(["3.6.26", "3.6.27", "4.0.15"]);
    const asked = two.labAsked();
    const before = site.upstream.requests.length;
    await until(() => site.upstream.requests.length > before + 4);
    expect(two.labAsked()).toBe(asked);
    expect(await site.listed()).toEqual(["3.6.26", "3.6.27", "4.0.15"]);
    expect((await get(two, lab, "4.0.15")).status).toBe(200);
    expect((await get(two, site.upstream, "3.6.27")).status).toBe(200);
    const [sample, second] = await two.status();
    expect(sample).toMatchObject({ name: "sample", state: "answers", quota: null, cached: { agents: 1 } });
    expect(second).toMatchObject({
      name: "lab",
      state: "answers",
      quota: 10 * 2 ** 20,
      cached: { agents: 1 },
      offered: { agents: 0 },
    });
    const nextMs = Date.parse(String(second?.["nextAt"])) - Date.now();
    expect(nextMs).toBeGreaterThan(50 * 60_000);
    const text = (await site.mirror.here("status")).stdout;
    expect(text).toMatch(
      /lab answers, asked .* ago, again in .*; 1 agent cached, .* of 10\.0 MiB; 0 not held/,
    );
  },
);

test.concurrent(
  "while one upstream is away the others stay listed, and it is named everywhere",
  async ({ expect }) => {
    await using two = await startTwo({ refresh: "PT1S" });
    const { site, lab } = two;
    lab.fault(/^/, { kind: "status", status: 503 });
    await until(async () => (await site.listed()).toString() === "3.6.26,3.6.27");
    expect(await site.readiness()).toMatchObject({
      status: 200,
      upstream: { reachable: true, notes: [{ code: "JAM_UPSTREAM_STATUS" }] },
    });
    expect(await two.status()).toMatchObject([
      { name: "sample", state: "answers" },
      { name: "lab", state: "away", away: { code: "JAM_UPSTREAM_STATUS" }, offered: { agents: 1 } },
    ]);
    expect(site.server().log()).toContain("Upstream lab cannot be reached, the others answer");
    const missing = await get(two, lab, "4.0.15");
    expect([missing.status, missing.headers.get("retry-after") !== null]).toEqual([503, true]);
    const list = await site.mirror.here("list", "-o", "json");
    expect(JSON.parse(list.stdout)).toMatchObject({ offered: 3, hidden: 1 });
    expect(list.stderr).toContain("Offered, and fetched when requested: 2 ");
    expect(list.stderr).toContain("not listed while their upstream cannot be reached: 1 ");
    expect((await site.mirror.here("check")).stdout).toMatch(
      /Rule 2 .*Not known: what lab would list.*\n.*Check again when lab can be read/,
    );
    const ready = ["ready", "--from", "3.6.26", "--to", "4.0.15", "--arch", "amd64"];
    expect((await site.mirror.here(...ready)).status).toBe(5);
    await site.restart();
    expect(await site.listed()).toEqual(["3.6.26", "3.6.27"]);
    lab.clearFaults();
    await until(async () => (await site.listed()).toString() === "3.6.26,3.6.27,4.0.15");
    expect(await two.status()).toMatchObject([{ state: "answers" }, { state: "answers" }]);
    expect((await get(two, lab, "4.0.15")).status).toBe(200);
  },
);

test.concurrent(
  "the first upstream away hides what only it offers, and removes nothing from the offer",
  async ({ expect }) => {
    await using two = await startTwo({ refresh: "PT1S" });
    const { site } = two;
    expect((await get(two, site.upstream, "3.6.27")).status).toBe(200);
    site.upstream.fault(/^/, { kind: "status", status: 503 });
    await until(async () => (await site.listed()).toString() === "3.6.27,4.0.15");
    expect((await get(two, site.upstream, "3.6.26")).status).toBe(503);
    expect((await site.readiness()).upstream).toMatchObject({
      reachable: true,
      notes: [{ code: "JAM_UPSTREAM_STATUS" }],
    });
    site.upstream.clearFaults();
    await until(async () => (await site.listed()).toString() === "3.6.26,3.6.27,4.0.15");
  },
);

test.concurrent("an upstream's own `stale` keeps what it offers listed", async ({ expect }) => {
  await using two = await startTwo({ refresh: "PT1S", stale: "PT1H" });
  const { site, lab } = two;
  lab.fault(/^/, { kind: "status", status: 503 });
  await until(async () => (await two.status())[1]?.["state"] === "away");
  expect(await site.listed()).toEqual(["3.6.26", "3.6.27", "4.0.15"]);
  expect((await site.mirror.here("status")).stdout).toMatch(/lab has been out of reach .* still listed for/);
  // The other one has no patience of its own.
  site.upstream.fault(/^/, { kind: "status", status: 503 });
  await until(async () => (await site.listed()).toString() === "4.0.15");
});
