import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCacheSite } from "../../helpers/cache-server.ts";
import { until } from "../../helpers/until.ts";

interface Checked {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly state: string; readonly detail: string }[];
}

test("jam check looks at what cache mode needs, and at what the running server sees", async () => {
  await using site = await startCacheSite();
  const { mirror, upstream } = site;
  const check = async () => {
    const { status, stdout } = await mirror.here("check", "-o", "json");
    const { checks } = JSON.parse(stdout) as Checked;
    const problems = checks.filter(({ state }) => state !== "ok").map(({ detail }) => detail);
    return { status, problems, checks };
  };
  const listen = new URL(site.server().url).host;
  await mirror.configure({ server: { listen } });
  // Written after the server started.
  const changed = await check();
  expect(changed.problems).toEqual([expect.stringContaining("after the server started")]);
  await site.restart();
  await mirror.configure({ server: { listen: new URL(site.server().url).host, workers: 3 } });
  const odd = await check();
  expect(odd.status).toBe(0);
  expect(odd.problems).toContainEqual(expect.stringContaining("server.workers is 3"));
  await mirror.configure({ cache: { refresh: "PT1M", stale: "PT1S", quota: "1KiB" } });
  const strange = await check();
  expect(strange.problems).toContainEqual(expect.stringContaining("stale (1.0 s) is shorter than refresh"));
  expect(strange.problems).toContainEqual(expect.stringContaining("less than the largest tarball"));

  await site.lineDown();
  const down = await check();
  expect(down.status).toBe(9);
  expect(down.checks.filter(({ check }) => check === "server")).toContainEqual(
    expect.objectContaining({
      state: "warn",
      detail: expect.stringContaining("has not reached sample") as string,
    }),
  );
  await site.lineUp();

  await mirror.configure({ mode: "offline" });
  const requests = upstream.connections;
  const offline = await check();
  expect(offline.problems).toContainEqual(
    expect.stringContaining("mode is offline, but a server in cache mode"),
  );
  await site.server()[Symbol.asyncDispose]();
  const quiet = upstream.connections;
  expect((await check()).problems.filter((one) => one.includes("cache"))).toEqual([]);
  expect(upstream.connections).toBe(quiet);
  expect(requests).toBeLessThanOrEqual(quiet);
  await mirror.configure({ mode: "cache", server: { workers: 3 }, cache: { refresh: "PT1S" } });
  expect((await check()).checks).toContainEqual(
    expect.objectContaining({
      check: "server",
      state: "ok",
      detail: expect.stringContaining("no cache server") as string,
    }),
  );
  await rm(join(mirror.data, "state/offer.json"));
  expect((await check()).status).toBe(0);
  await site.restart();
  expect(site.server().log()).toContain("server.workers is 3, and one worker serves");
  await until(async () => (await site.listed()).toString() !== "");
});
