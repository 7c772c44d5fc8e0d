import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import { type ServedMirror, serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const BIG = { version: "3.6.5", size: 20_000_000 };
const PRODUCTS = "com.ubuntu.juju-released-agents.json";

interface Index {
  readonly index: Record<string, { readonly path: string }>;
}

async function prune(mirror: ServedMirror, snapshot: Snapshot): Promise<void> {
  await mirror.store.documents.delete("snapshots", `${snapshot.id}.json`);
  await mirror.store.trees.delete(snapshot.id);
  for (const { sha256 } of snapshot.agents) await mirror.store.blobs.delete(sha256);
}

async function readIndex(mirror: ServedMirror): Promise<string> {
  return (await fetch(`${mirror.url}/tools/streams/v1/index2.json`)).text();
}

test("picks up a new snapshot without a restart", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const before = await readIndex(mirror);
  const next = await mirror.publish({ agents: [{ version: "3.6.6" }] });
  const after = await readIndex(mirror);
  expect(after).not.toBe(before);
  expect(after).toContain(next.id);
  expect((await fetch(`${mirror.url}/tools/${tarballPath("3.6.6")}`)).status).toBe(200);
});

test("rule 10: documents and tarballs of a kept older snapshot stay for clients that hold its index", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const index = JSON.parse(await readIndex(mirror)) as Index;
  await mirror.publish({ agents: [{ version: "3.6.6" }] });
  await mirror.publish({ agents: [{ version: "3.6.7" }] });
  const products = await fetch(`${mirror.url}/tools/${Object.values(index.index)[0]?.path}`);
  expect(await products.text()).toContain(tarballPath("3.6.5"));
  const tarball = await fetch(`${mirror.url}/tools/${tarballPath("3.6.5")}`);
  expect(Buffer.from(await tarball.arrayBuffer()).equals(tarballBytes({ version: "3.6.5" }))).toBe(true);
});

test("answers for each snapshot at once after a publish, even when the list of kept ones was just read", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.0" }] });
  for (const version of ["3.6.1", "3.6.2", "3.6.3"]) {
    const before = await mirror.store.refs.read("mirror");
    await mirror.publish({ agents: [{ version }] });
    expect((await fetch(`${mirror.url}/tools/streams/v1/${before}/${PRODUCTS}`)).status).toBe(200);
    expect((await fetch(`${mirror.url}/tools/agent/none.tgz`)).status).toBe(404);
  }
});

test("what was pruned is 404", async () => {
  await using mirror = await serveMirror();
  const old = await mirror.publish({ agents: [{ version: "3.6.5" }] });
  await mirror.publish({ agents: [{ version: "3.6.6" }] });
  await prune(mirror, old);
  for (const path of [tarballPath("3.6.5"), `streams/v1/${old.id}/${PRODUCTS}`]) {
    expect([path, (await fetch(`${mirror.url}/tools/${path}`)).status]).toEqual([path, 404]);
  }
});

test("a download goes on through a publish", async () => {
  await using mirror = await serveMirror({ agents: [BIG] });
  const download = await startSlowDownload(mirror.port, `/tools/${tarballPath(BIG.version)}`);
  await mirror.publish({ agents: [{ version: "3.6.6" }] });
  expect((await download.finish()).equals(tarballBytes(BIG))).toBe(true);
});

test("a download goes on when its tarball is pruned", async () => {
  await using mirror = await serveMirror();
  const old = await mirror.publish({ agents: [BIG] });
  const download = await startSlowDownload(mirror.port, `/tools/${tarballPath(BIG.version)}`);
  await mirror.publish({ agents: [{ version: "3.6.6" }] });
  await prune(mirror, old);
  expect((await download.finish()).equals(tarballBytes(BIG))).toBe(true);
  expect((await fetch(`${mirror.url}/tools/${tarballPath(BIG.version)}`)).status).toBe(404);
});

test("rule 13, H5: an index always leads to products and tarballs of its own snapshot while snapshots change", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.0" }] });
  const publishing = new AbortController();
  const publisher = (async () => {
    for (let patch = 1; patch <= 15; patch++) await mirror.publish({ agents: [{ version: `3.6.${patch}` }] });
    publishing.abort();
  })();
  const seen = new Set<string>();
  while (!publishing.signal.aborted) {
    const [path = ""] = Object.values((JSON.parse(await readIndex(mirror)) as Index).index).map(
      ({ path }) => path,
    );
    const products = await (await fetch(`${mirror.url}/tools/${path}`)).text();
    const [, tarball = ""] = /"path": "(agent[^"]+)"/.exec(products) ?? [];
    const answer = await rawRequest(mirror.port, rawGet(`/tools/${tarball}`));
    const version = /juju-([\d.]+)-linux/.exec(tarball)?.[1] ?? "";
    expect([path, answer.status, answer.body.equals(tarballBytes({ version }))]).toEqual([path, 200, true]);
    seen.add(version);
  }
  await publisher;
  expect(seen.size).toBeGreaterThan(1);
  expect(mirror.records.filter(({ status }) => status >= 500)).toEqual([]);
});

test("builds the view of a snapshot once, however many clients wait for it", async () => {
  let reads = 0;
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    served: ({ documents }) => ({
      documents: {
        ...documents,
        get: async (kind, name) => {
          if (kind === "snapshots") reads += 1;
          await sleep(50);
          return documents.get(kind, name);
        },
      },
    }),
  });
  const answers = await Promise.all(Array.from({ length: 50 }, () => readIndex(mirror)));
  expect([new Set(answers).size, reads]).toEqual([1, 1]);
});

test("If-Modified-Since of a newer snapshot does not hide that the mirror went back", async () => {
  await using mirror = await serveMirror();
  const old = await mirror.publish({ agents: [{ version: "3.6.5" }] });
  const next = await mirror.publish({ agents: [{ version: "3.6.6" }] });
  const url = `${mirror.url}/tools/streams/v1/index2.json`;
  const newer = (await fetch(url)).headers.get("last-modified") ?? "";
  await mirror.store.refs.swap("mirror", next.id, old.id);
  const answer = await fetch(url, { headers: { "If-Modified-Since": newer } });
  expect([answer.status, (await answer.text()).includes(old.id)]).toEqual([200, true]);
});

test("reads one snapshot at a time, however many are asked for at once", async () => {
  let [running, most] = [0, 0];
  await using mirror = await serveMirror({
    served: ({ documents }) => ({
      documents: {
        ...documents,
        get: async (kind, name) => {
          most = Math.max(most, (running += 1));
          await sleep(5);
          const snapshot = await documents.get(kind, name);
          running -= 1;
          return snapshot;
        },
      },
    }),
  });
  const ids: string[] = [];
  for (const version of ["3.6.1", "3.6.2", "3.6.3", "3.6.4", "3.6.5", "3.6.6"])
    ids.push((await mirror.publish({ agents: [{ version }] })).id);
  const asked = ids.map((id) => fetch(`${mirror.url}/tools/streams/v1/${id}/${PRODUCTS}`));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(ids.map(() => 200));
  expect(most).toBe(1);
});

test("an unknown path costs no more than the pages of kept snapshots that the current one does not have", async () => {
  const read: string[] = [];
  await using mirror = await serveMirror({
    served: ({ documents }) => ({
      documents: {
        ...documents,
        get: (kind, name) => {
          if (kind === "catalogue") read.push(name);
          return documents.get(kind, name);
        },
      },
    }),
  });
  const minors = ["2.8.1", "2.9.1", "3.1.1", "3.3.1", "3.4.1", "3.5.1"];
  for (let patch = 0; patch < 6; patch += 1) {
    const versions = [...minors, ...Array.from({ length: patch + 1 }, (_, at) => `3.6.${at}`)];
    // The last one no longer lists what the one before it had.
    await mirror.publish({ agents: versions.slice(patch === 5 ? 1 : 0).map((version) => ({ version })) });
  }
  await readIndex(mirror);
  const own = new Set(read.splice(0));
  expect(own.size).toBe(minors.length);
  for (const path of [tarballPath("9.9.9"), tarballPath("8.8.8")])
    expect((await fetch(`${mirror.url}/tools/${path}`)).status).toBe(404);
  // The earlier pages of 3.6, and the page of 2.8.
  expect(read.filter((name) => own.has(name))).toEqual([]);
  expect(read).toHaveLength(6);
  expect((await fetch(`${mirror.url}/tools/${tarballPath("2.8.1")}`)).status).toBe(200);
  expect(read).toHaveLength(6);
});
