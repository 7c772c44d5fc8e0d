import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blobPath } from "../../../src/store/layout.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { startCacheSite } from "../../helpers/cache-server.ts";
import { flipByte } from "../../helpers/damage-file.ts";
import { itemPath } from "../../helpers/upstream.ts";
import { until } from "../../helpers/until.ts";

test("what jam verify finds damaged in a cache is not held, is still offered, and comes again when it is requested", async () => {
  await using site = await startCacheSite();
  const { upstream, mirror } = site;
  const get = () => fetch(`${site.server().url}/tools/${itemPath(upstream, "3.6.27")}`);
  const first = Buffer.from(await (await get()).arrayBuffer());
  const listing = upstream.tree.listings.find(({ version }) => version === "3.6.27");
  const path = join(mirror.data, blobPath(listing?.item.sha256 as Sha256));
  const read = async (...args: string[]) =>
    JSON.parse((await mirror.here(...args, "-o", "json")).stdout) as Record<string, unknown>;
  const cached = async () =>
    ((await read("status"))["cache"] as { cached: { agents: number } }).cached.agents;
  expect(await cached()).toBe(1);

  await chmod(path, 0o644);
  flipByte(path, 1_000);
  expect((await mirror.here("verify", "--deep")).status).toBe(4);
  await until(async () => ((await read("status"))["damaged"] as unknown[]).length === 0);
  expect(await read("list")).toMatchObject({ agents: [], offered: 3 });
  expect(await cached()).toBe(0);
  expect(await read("du")).toMatchObject({ total: { tarballs: 0 }, cached: { tarballs: 0 } });
  expect((await mirror.here("verify", "--deep")).status).toBe(0);
  await until(async () => (await site.listed()).toString().includes("3.6.27"));

  expect((await mirror.here("repair", "--deep")).status).toBe(0);
  const before = upstream.requests.filter((line) => line.includes(".tgz")).length;
  expect(Buffer.from(await (await get()).arrayBuffer())).toEqual(first);
  expect(upstream.requests.filter((line) => line.includes(".tgz"))).toHaveLength(before + 1);
  expect(await cached()).toBe(1);

  flipByte(path, 1_000);
  await site.lineDown();
  expect((await get()).status).toBe(503);
  expect(await cached()).toBe(0);
  expect(await site.listed()).toBe(503);
  await site.lineUp();
  expect(Buffer.from(await (await get()).arrayBuffer())).toEqual(first);
});
