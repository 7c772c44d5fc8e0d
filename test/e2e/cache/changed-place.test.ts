/** A fetch that breaks off at one upstream and goes on at another one counts for the quota of the second. */
import { expect, test } from "vitest";
import { startCacheSite } from "../../helpers/cache-server.ts";
import { until } from "../../helpers/until.ts";
import { buildSampleTree, itemPath, startUpstream } from "../../helpers/upstream.ts";

const tree = await buildSampleTree({
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  releases: ["3.6.26", "3.6.27"],
  tarballBytes: 300_000,
});

async function siteWith(quota: string) {
  const first = await startUpstream({ tree });
  const second = await startUpstream({ tree });
  const site = await startCacheSite({
    upstream: first,
    settings: {
      upstreams: [
        { name: "first", url: first.url, keyring: "key.asc" },
        { name: "second", url: second.url, keyring: "key.asc", cache: { quota } },
      ],
      cache: { quota: "10MiB", refresh: "PT1H" },
      select: [{ stream: "released" }],
    },
  });
  const get = async (version: string) => {
    const answer = await fetch(`${site.server().url}/tools/${itemPath({ tree }, version)}`);
    return { status: answer.status, bytes: (await answer.bytes()).length };
  };
  const cachedOf = async () => {
    const { stdout } = await site.mirror.here("status", "-o", "json");
    const { cache } = JSON.parse(stdout) as {
      cache: { upstreams: { name: string; cached: { agents: number } }[] };
    };
    return cache.upstreams.map(({ name, cached }) => `${name} ${cached.agents}`);
  };
  return {
    first,
    get,
    cachedOf,
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

const sizeOf = (version: string) => tree.listings.find((one) => one.version === version)?.item.size;

test.concurrent("without room at the second it is passed on whole, and not stored", async () => {
  await using site = await siteWith("200KiB");
  site.first.fault(itemPath({ tree }, "3.6.27"), { kind: "cut", at: 100_000 });
  for (const times of [1, 2]) {
    const before = site.first.requests.length;
    expect([times, await site.get("3.6.27")]).toEqual([times, { status: 200, bytes: sizeOf("3.6.27") }]);
    expect(site.first.requests.length).toBeGreaterThan(before);
  }
  expect(await site.cachedOf()).toEqual(["first 0", "second 0"]);
});

test.concurrent("with room there it is stored, and counts for the second", async () => {
  await using site = await siteWith("2MiB");
  site.first.fault(itemPath({ tree }, "3.6.27"), { kind: "cut", at: 100_000 });
  expect(await site.get("3.6.27")).toEqual({ status: 200, bytes: sizeOf("3.6.27") });
  await until(async () => (await site.cachedOf()).join() === "first 0,second 1");
});

test.concurrent(
  "one that does not break off counts for the first, whatever the quota of the second is",
  async () => {
    await using site = await siteWith("200KiB");
    expect(await site.get("3.6.26")).toEqual({ status: 200, bytes: sizeOf("3.6.26") });
    await until(async () => (await site.cachedOf()).join() === "first 1,second 0");
  },
);
