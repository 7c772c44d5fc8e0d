/** The use cases with a store that is no disk: what works here needs only what the contract promises. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBundle } from "../../../src/bundle/create/create-bundle.ts";
import { storeContents } from "../../../src/bundle/contents.ts";
import { openMediumFolder } from "../../../src/medium/folder-writer.ts";
import type { VolumeInput } from "../../../src/medium/medium.ts";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { pruneStore } from "../../../src/mirror/prune.ts";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { readStatus } from "../../../src/mirror/read-status.ts";
import { createServer } from "../../../src/server/server.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { createStateReader } from "../../../src/upgrade/which/which-state.ts";
import { bytesInput } from "../../fuzz/bundle/far-side.ts";
import { memoryMirror, type MemoryMirror } from "../../helpers/memory-mirror.ts";
import { startUpstream, itemPath, type TestUpstream } from "../../helpers/upstream.ts";

const RELEASES = ["3.6.26", "3.6.27"];
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream({ releases: RELEASES, arches: ["amd64"], tarballBytes: 300_000 });
});
afterAll(() => upstream[Symbol.asyncDispose]());

const shown = ({ store }: MemoryMirror) => currentSnapshot(store, MIRROR_REF);

async function serve(mirror: MemoryMirror) {
  const server = createServer({
    store: mirror.store,
    readState: createStateReader(mirror.store, () => Promise.resolve(JUJU_KNOWLEDGE)),
    ask: () => Promise.reject(new Error("no query is asked here")),
  });
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { url, [Symbol.asyncDispose]: () => server.close({ drainMs: 0 }) };
}

test("syncs, serves both faces, syncs again unchanged, and writes nothing to any disk", async () => {
  await using mirror = await memoryMirror(upstream);
  expect((await mirror.sync()).outcome).toBe("updated");
  const snapshot = await shown(mirror);
  expect(snapshot?.agents.map(({ version }) => version).sort()).toEqual(RELEASES);

  await using served = await serve(mirror);
  const index = await fetch(`${served.url}/tools/streams/v1/index2.json`);
  expect(await index.text()).toContain(snapshot?.id);
  for (const { path, sha256 } of snapshot?.agents ?? []) {
    for (const face of ["tools", "upstream/tools"]) {
      const tarball = await fetch(`${served.url}/${face}/${path}`);
      expect(sha256Of(Buffer.from(await tarball.arrayBuffer()))).toBe(sha256);
    }
  }
  expect((await fetch(`${served.url}/readyz`)).status).toBe(200);

  expect((await mirror.sync()).outcome).toBe("unchanged");
  expect((await mirror.files()).sort()).toEqual(["jam.yaml", "key.asc"]);
});

test("publishes what changed, serves what is in grace, and prunes it afterwards", async () => {
  await using changing = await startUpstream({ releases: RELEASES, arches: ["amd64"], tarballBytes: 3000 });
  await using mirror = await memoryMirror(changing, {
    settings: { select: [{ stream: "released", keep: 1 }] },
  });
  await mirror.sync();
  const first = await shown(mirror);
  await using narrow = await memoryMirror(changing, {
    place: mirror.place,
    settings: {
      select: [{ stream: "released", versions: "3.6.26" }],
      retention: { grace: "PT1H" },
    },
  });

  expect((await narrow.sync()).outcome).toBe("updated");
  const second = await shown(narrow);
  expect(second?.parent).toBe(first?.id);
  await using served = await serve(narrow);
  const old = `${served.url}/tools/${first?.agents[0]?.path}`;
  expect((await fetch(old)).status).toBe(200);

  const later = new Date(Date.now() + 2 * 3_600_000);
  const plan = await pruneStore(narrow.store, { ...narrow.config.retention, snapshots: 0 }, later);
  expect(plan.snapshots).toEqual([first?.id]);
  expect(plan.blobs.map(({ sha256 }) => sha256)).toEqual([first?.agents[0]?.sha256]);
  expect(plan.trees).toEqual([]);
  expect([...narrow.place.blobs.keys()]).toEqual([second?.agents[0]?.sha256]);
  expect(await narrow.store.refs.list()).toEqual([{ name: "mirror", target: second?.id }]);
});

test("resumes a download at the last whole part", async () => {
  const path = itemPath(upstream, "3.6.27");
  upstream.fault(path, { kind: "cut", at: 200_000, times: 1 });
  upstream.clearRequests();
  await using mirror = await memoryMirror(upstream, {
    settings: { select: [{ stream: "released", versions: "3.6.27" }] },
  });
  expect((await mirror.sync()).outcome).toBe("updated");
  expect(upstream.requests.filter((line) => line.includes(path))).toEqual([
    `GET ${path}`,
    expect.stringMatching(/ bytes=(?:65536|131072|196608)-$/),
  ]);
});

test("knows no free space and no lack of it", async () => {
  await using mirror = await memoryMirror(upstream);
  await mirror.sync();
  const status = await readStatus(mirror.store, {
    data: "memory",
    mode: "online",
    runs: 1,
    readWaiting: async () => [],
  });
  expect(status).toMatchObject({ freeBytes: null, writer: null, runs: [{ outcome: "updated" }] });
});

async function bundleOf(mirror: MemoryMirror, volumeSize?: number): Promise<VolumeInput[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-memory-bundle-"));
  try {
    const snapshot = await shown(mirror);
    if (snapshot === undefined) throw new Error("nothing to carry");
    await createBundle(
      { snapshot, choice: {}, advice: [] },
      {
        volumeSize,
        writesPage: false,
        force: false,
        place: { medium: openMediumFolder(folder), base: "carried" },
      },
      {
        store: mirror.store,
        contents: storeContents(mirror.store),
        signer: undefined,
        observe: () => undefined,
        signal: new AbortController().signal,
      },
    );
    const names = (await readdir(folder)).filter((name) => name.endsWith(".tar"));
    return await Promise.all(names.map(async (name) => bytesInput(name, await readFile(join(folder, name)))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test.for([
  ["one archive", undefined],
  ["volumes that split tarballs", 250_880],
] as const)("carries a mirror over an air gap in %s, from memory to memory", async ([, volumeSize]) => {
  await using near = await memoryMirror(upstream);
  await near.sync();
  const volumes = await bundleOf(near, volumeSize);
  expect(volumes.length > 1).toBe(volumeSize !== undefined);
  await using far = await memoryMirror(upstream);

  const reports = [];
  for (const volume of volumes.toReversed()) reports.push(await far.import([volume]));

  expect(reports.map(({ outcome }) => outcome)).toEqual(
    volumes.map((_, at) => (at === volumes.length - 1 ? "updated" : "partial")),
  );
  const [here, there] = [await shown(near), await shown(far)];
  expect(there?.agents).toEqual(here?.agents);
  expect([...far.place.blobs.keys()].sort()).toEqual([...near.place.blobs.keys()].sort());
  expect(await far.files()).not.toContain("data");
});

test("a sync that loses its lease publishes nothing, whoever writes then", async () => {
  await using stalling = await startUpstream({
    releases: RELEASES,
    arches: ["amd64"],
    tarballBytes: 300_000,
  });
  stalling.fault(itemPath(stalling, "3.6.27"), { kind: "stall", at: 200_000, times: 1 });
  await using mirror = await memoryMirror(stalling);
  const running = mirror.sync();
  while (mirror.place.blobs.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));

  mirror.place.takeLeaseAway();

  await expect(running).rejects.toMatchObject({ code: "JAM_STORE_LOCKED", details: { lost: true } });
  expect(mirror.place.refs.size).toBe(0);
  expect(await mirror.store.documents.list("snapshots")).toEqual([]);
  expect(await mirror.store.documents.list("history")).toEqual([]);
  expect((await mirror.sync()).outcome).toBe("updated");
});

test("an import that loses its lease in the middle of a volume publishes nothing, and ends when it is run again", async () => {
  await using near = await memoryMirror(upstream);
  await near.sync();
  const [volume] = await bundleOf(near);
  if (volume === undefined) throw new Error("no volume");
  await using far = await memoryMirror(upstream);
  const losing: VolumeInput = {
    ...volume,
    async *open() {
      let read = 0;
      for await (const piece of volume.open()) {
        read += piece.length;
        if (read > 200_000) far.place.takeLeaseAway();
        yield piece;
      }
    },
  };

  await expect(far.import([losing])).rejects.toMatchObject({
    code: "JAM_STORE_LOCKED",
    details: { lost: true },
  });

  expect(far.place.refs.size).toBe(0);
  expect(await far.store.documents.list("history")).toEqual([]);
  expect((await far.import([volume])).outcome).toBe("updated");
});
