import { expect, test } from "vitest";
import { pinContents } from "../../../src/mirror/pins.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { startCacheSite } from "../../helpers/cache-server.ts";
import { itemPath } from "../../helpers/upstream.ts";

/** A fleet's step to a version that is offered and not held, and one that is held. */
const UPGRADE = ["--from", "3.6.26", "--to", "4.0.15", "--arch", "amd64"];

test("the commands say what is held and what is offered, while upstream answers and while it is away", async () => {
  await using site = await startCacheSite({
    settings: {
      select: [{ stream: "released", versions: "3.6.26", fetch: "onSync" }, { stream: "released" }],
    },
    before: async (mirror) => expect((await mirror.jam("sync")).status).toBe(0),
  });
  const { mirror } = site;
  const read = async (...args: string[]) => {
    const { status, stdout, stderr } = await mirror.here(...args, "-o", "json");
    return { status, stderr, document: JSON.parse(stdout) as Record<string, unknown> };
  };

  const list = await read("list");
  expect(list.document).toMatchObject({ agents: [{ version: "3.6.26", held: "synced" }], offered: 2 });
  expect((await mirror.here("list")).stderr).toContain("Offered, and fetched when requested: 2 more");
  expect((await read("list", "4.0.15")).document).toMatchObject({ agents: [], offered: 1 });
  expect((await read("status")).document["cache"]).toMatchObject({
    upstream: "answers",
    listed: 3,
    held: { agents: 1 },
    cached: { agents: 0 },
    offered: { agents: 2 },
  });
  const question = ["which", "3.6.26"];
  expect((await read(...question)).document).toMatchObject({ version: "3.6.27" });
  const { document: plan } = await read("plan", ...UPGRADE);
  expect(JSON.stringify(plan)).toContain('"state":"upstream"');
  const lookedUp = await read("lookup", "4.0.15-ubuntu-amd64");
  expect(lookedUp).toMatchObject({ status: 0, document: { outcome: "found" } });
  const ready = await read("ready", ...UPGRADE);
  expect(JSON.stringify(ready.document["checks"])).toContain("can be served while upstream answers");
  expect(ready.document["missing"]).toEqual([]);

  await site.lineDown();
  expect((await read("list")).document).toMatchObject({ agents: [{ version: "3.6.26" }], offered: 2 });
  const away = (await read("status")).document["cache"];
  expect(away).toMatchObject({ upstream: "away", listed: 1, away: { code: "JAM_UPSTREAM_STATUS" } });
  const text = (await mirror.here("status")).stdout;
  expect(text).toMatch(/upstream has been out of reach for/);
  expect(text).toMatch(/listed +1 agent, only what is held/);
  expect((await read(...question)).document["version"]).not.toBe("3.6.27");
  expect((await read("lookup", "4.0.15-ubuntu-amd64")).status).toBe(5);
  expect((await read("lookup", "3.6.26-ubuntu-amd64")).status).toBe(0);
  const notReady = await read("ready", ...UPGRADE);
  expect(notReady.status).toBe(5);
  expect(JSON.stringify(notReady.document["agents"])).toContain("not held, and upstream cannot be reached");
  const served = await fetch(`${site.server().url}/api/v1/status`);
  expect(((await served.json()) as Record<string, unknown>)["cache"]).toMatchObject({ upstream: "away" });
  const asked = await fetch(`${site.server().url}/api/v1/agents`);
  expect(await asked.json()).toMatchObject({ agents: [{ version: "3.6.26", held: "synced" }], offered: 2 });
});

test("without a server that asks upstream, readiness is not known", async () => {
  await using site = await startCacheSite({ settings: { cache: { refresh: "PT1S" } } });
  const note = `${site.mirror.data}/state/offer-reach.json`;
  const { readFile, writeFile } = await import("node:fs/promises");
  await site.server()[Symbol.asyncDispose]();
  const reach = JSON.parse(await readFile(note, "utf8")) as object;
  await writeFile(note, JSON.stringify({ ...reach, refreshedAt: new Date(Date.now() - 600_000) }));
  const { status, stdout } = await site.mirror.here("ready", ...UPGRADE, "-o", "json");
  expect(JSON.parse(stdout)).toMatchObject({ verdict: "not-known" });
  expect(status).toBe(3);
  await site.restart();
});

test("jam list tells apart what is synced, planned, pinned and cached", async () => {
  await using site = await startCacheSite({
    settings: {
      select: [{ stream: "released", versions: "3.6.26", fetch: "onSync" }, { stream: "released" }],
    },
    before: async (mirror) => expect((await mirror.jam("sync")).status).toBe(0),
  });
  const { mirror, upstream } = site;
  const get = async (version: string) => {
    const answer = await fetch(`${site.server().url}/tools/${itemPath(upstream, version)}`);
    expect([answer.status, (await answer.bytes()).length > 0]).toEqual([200, true]);
  };
  for (const version of ["3.6.27", "4.0.15"]) await get(version);
  const columns = async () => {
    const { stdout } = await mirror.here("list");
    return [...stdout.matchAll(/^(\d\S*) .* (synced|planned|pinned|cached) /gm)].map(([, version, held]) => [
      version,
      held,
    ]);
  };
  expect(await columns()).toEqual([
    ["3.6.26", "synced"],
    ["3.6.27", "cached"],
    ["4.0.15", "cached"],
  ]);
  expect((await mirror.here("warm", "4.0.15")).status).toBe(0);
  const sha256 = upstream.tree.listings.find(({ version }) => version === "3.6.27")?.item.sha256 as Sha256;
  await pinContents((await openFsStore(mirror.data)).documents, "bundle", new Set([sha256]));
  expect(await columns()).toEqual([
    ["3.6.26", "synced"],
    ["3.6.27", "pinned"],
    ["4.0.15", "planned"],
  ]);
});
