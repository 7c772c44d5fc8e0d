/** Mirrors of every earlier form, from the first version on: today's program reads, serves, updates and switches them. */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jamHere } from "../helpers/jam-here.ts";
import { oldStores, openOldStore } from "../helpers/old-store.ts";
import { readPublished, walkTree } from "../helpers/published.ts";
import { startServe } from "../helpers/running-jam.ts";

const STORES = await oldStores();
const WITH_BUNDLES = STORES.slice(2);
/** What each store shows: 3.6.2 was requested by a plan, and the fetch of 3.6.3 broke off. */
const AGENTS = ["2.9.50", "3.6.1", "3.6.2"];

async function json<T>(folder: string, ...words: string[]): Promise<T> {
  const { status, stdout, stderr } = await jamHere(folder, [...words, "-o", "json"]);
  expect({ words, status, stderr: status === 0 ? "" : stderr }).toEqual({ words, status: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

async function versions(folder: string): Promise<string[]> {
  const { agents } = await json<{ agents: { version: string }[] }>(folder, "list");
  return [...new Set(agents.map(({ version }) => version))].sort();
}

/** Every tarball whose bytes are not those of its name. */
async function damaged(folder: string): Promise<string[]> {
  const root = join(folder, "mirror-data/blobs/sha256");
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(1);
  const bad: string[] = [];
  for (const { name, parentPath } of files) {
    const bytes = await readFile(join(parentPath, name));
    if (createHash("sha256").update(bytes).digest("hex") !== name) bad.push(name);
  }
  return bad;
}

test("there is a store of each earlier form", () => {
  expect(STORES).toEqual(["1-first", "2-plans", "3-bundles", "4-refused", "5-notes"]);
});

describe.for(STORES)("the mirror of %s", (name) => {
  test("is listed, described, published and served as it was", async () => {
    await using store = await openOldStore(name);
    expect(await versions(store.near)).toEqual(AGENTS);
    const status = await json<{ runs: { outcome: string }[] }>(store.near, "status");
    expect(status.runs.at(0)).toMatchObject({ outcome: name.startsWith("5") ? "updated" : "partial" });
    const published = await readPublished(join(store.near, "mirror-data"));
    expect(published.agents).toContain("3.6.2-ubuntu-amd64");
    await using server = await startServe(store.near);
    const served = await walkTree(async (path) => {
      const answer = await fetch(`${server.url}/tools/${path}`);
      return answer.status === 404 ? undefined : Buffer.from(await answer.arrayBuffer());
    });
    expect(served.agents).toEqual(published.agents);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  test("is updated by a sync: the rest is fetched, what plans requested stays, every byte is right", async () => {
    await using store = await openOldStore(name);
    const report = await json<{ outcome: string; added: string[] }>(store.near, "sync");
    expect(report).toMatchObject({ outcome: "updated", added: ["3.6.3-ubuntu-amd64"] });
    expect(await versions(store.near)).toEqual([...AGENTS, "3.6.3"]);
    expect(await damaged(store.near)).toEqual([]);
    expect(await json(store.near, "sync")).toMatchObject({ outcome: "unchanged" });
    const published = await readPublished(join(store.near, "mirror-data"));
    expect(published.agents).toContain("3.6.3-ubuntu-amd64");
  });

  test("switches to the earliest snapshot and back", async () => {
    await using store = await openOldStore(name);
    const { snapshots } = await json<{ snapshots: { id: string }[] }>(store.near, "snapshot", "list");
    const [newest, earliest] = [snapshots.at(0)?.id ?? "", snapshots.at(-1)?.id ?? ""];
    expect(snapshots.length).toBeGreaterThan(1);
    await json(store.near, "snapshot", "switch", earliest, "--allow", "rollback");
    expect(await versions(store.near)).toEqual(["2.9.50", "3.6.1"]);
    await json(store.near, "snapshot", "switch", newest);
    expect(await versions(store.near)).toEqual(AGENTS);
    await json(store.near, "prune");
    expect(await damaged(store.near)).toEqual([]);
  });
});

describe.for(WITH_BUNDLES)("the two sides of %s", (name) => {
  test("a bundle of which the first volume was imported is completed with the others", async () => {
    await using store = await openOldStore(name);
    expect(await versions(store.far)).toEqual(["2.9.50", "3.6.1"]);
    const status = await json<{ waiting: unknown[] }>(store.far, "status");
    expect(status.waiting).toHaveLength(1);
    const volumes = (await readdir(join(store.folder, "second"))).filter((file) => file.endsWith(".tar"));
    const rest = volumes.sort().slice(1);
    expect(rest.length).toBeGreaterThan(0);
    await json(store.far, "bundle", "import", ...rest.map((file) => join("../second", file)));
    expect(await versions(store.far)).toEqual(AGENTS);
    expect(await damaged(store.far)).toEqual([]);
  });

  test("the near side knows what the site has, and a new site imports the old bundles", async () => {
    await using store = await openOldStore(name);
    const { sites } = await json<{ sites: object[] }>(store.near, "site", "list");
    expect(sites).toMatchObject([{ name: "plant-7" }]);
    await json(store.near, "bundle", "create", "--site", "plant-7", "--to", "../third");
    await json(store.far, "bundle", "import", "../third");
    expect(await versions(store.far)).toEqual(AGENTS);
    await rm(join(store.far, "mirror-data"), { recursive: true });
    await json(store.far, "bundle", "import", "../first");
    expect(await versions(store.far)).toEqual(["2.9.50", "3.6.1"]);
    await json(store.far, "bundle", "receipt", "--to", "new.receipt");
    await json(store.near, "site", "update", "../far/new.receipt");
  });
});
