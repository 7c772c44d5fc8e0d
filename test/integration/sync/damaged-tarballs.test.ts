import { readdirSync, readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noteDamage, readDamaged } from "../../../src/mirror/damaged-blobs.ts";
import { parseSha256, sha256Of, type Sha256 } from "../../../src/shared/sha256.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { DAMAGES, flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startServe } from "../../helpers/running-jam.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const tree = await buildSampleTree({
  releases: ["2.9.60", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
});

/** The first tarballs of the mirror by hash. */
async function blobsOf(mirror: TestMirror): Promise<Sha256[]> {
  const names = await readdir(join(mirror.data, "blobs/sha256"), { recursive: true });
  return names
    .map((name) => parseSha256(name.slice(3)))
    .filter((sha256) => sha256 !== undefined)
    .sort();
}

/** Flips a byte and notes it, as a server does that was asked for the tarball. */
async function damageAndNote(mirror: TestMirror, sha256: Sha256): Promise<void> {
  const path = join(mirror.data, blobPath(sha256));
  await makeWritable(path);
  await flipByteQuietly(path, 100);
  await note(mirror, sha256);
}

async function note(mirror: TestMirror, sha256: Sha256): Promise<void> {
  const { documents } = await openFsStore(mirror.data);
  const found = {
    how: "its bytes have another hash",
    foundAt: new Date().toISOString(),
    foundBy: "jam serve",
  };
  await noteDamage(documents, { sha256, ...found });
}

async function noted(mirror: TestMirror): Promise<Sha256[]> {
  const { documents } = await openFsStore(mirror.data);
  return (await readDamaged(documents)).map(({ sha256 }) => sha256);
}

test("a noted tarball is fetched again, its note ends, and tools/ shows the whole file", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  const [first] = (await blobsOf(mirror)) as [Sha256];
  await damageAndNote(mirror, first);
  expect((await mirror.plan()).fetch.map(({ sha256 }) => sha256)).toEqual([first]);

  expect(await mirror.sync()).toMatchObject({ outcome: "unchanged", failed: [] });
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
  expect(await noted(mirror)).toEqual([]);
  expect(readdirSync(join(mirror.data, "quarantine"))).toEqual([`${first}.damaged`]);
});

test.for(DAMAGES.filter(([what]) => /gone|folder|cut$|emptied/.test(what)))(
  "what a sync sees itself is fetched again without a note: %s",
  async ([, damage]) => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream);
    await mirror.sync();
    const { fingerprint } = await mirror.published();
    const [first] = (await blobsOf(mirror)) as [Sha256];
    const path = join(mirror.data, blobPath(first));
    await makeWritable(path);
    await damage(path, path);
    expect(await mirror.sync()).toMatchObject({ failed: [] });
    expect(sha256Of(readFileSync(path))).toBe(first);
    expect((await mirror.published()).fingerprint).toBe(fingerprint);
  },
);

test("a tarball that was noted by mistake, or was put right by hand, is not fetched", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const [first] = (await blobsOf(mirror)) as [Sha256];
  const { ino } = statSync(join(mirror.data, blobPath(first)));
  await note(mirror, first);
  upstream.clearRequests();
  await mirror.sync();
  expect(upstream.requests.filter((request) => request.endsWith(".tgz"))).toEqual([]);
  expect(statSync(join(mirror.data, blobPath(first))).ino).toBe(ino);
  expect(await noted(mirror)).toEqual([]);
});

test("while upstream is away it stays withdrawn from tools/ too, is named, and the next sync repairs", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const before = await mirror.published();
  const [first] = (await blobsOf(mirror)) as [Sha256];
  await damageAndNote(mirror, first);
  await mirror.configure({ upstreams: [{ name: "sample", url: "http://127.0.0.1:9/", keyring: "key.asc" }] });

  const failed = await mirror.here("sync", "--quiet");
  expect(failed.status).toBe(9);
  expect(failed.stderr).toMatch(/Damaged, and neither listed nor served .*(2\.9\.60|3\.6\.27)-ubuntu/);
  const during = await mirror.published();
  expect(during.agents.length).toBeLessThan(before.agents.length);
  expect(during.agents.length).toBeGreaterThan(0);
  expect(await noted(mirror)).toEqual([first]);
  const status = await mirror.here("status");
  expect(status.stdout).toMatch(/damaged +(2\.9\.60|3\.6\.27)-ubuntu-\S+: its bytes have another hash/);

  await mirror.configure({ upstreams: [{ name: "sample", url: upstream.url, keyring: "key.asc" }] });
  await mirror.sync();
  expect((await mirror.published()).fingerprint).toBe(before.fingerprint);
  expect(await noted(mirror)).toEqual([]);
});

test("check fails and names what is damaged", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const [first] = (await blobsOf(mirror)) as [Sha256];
  await damageAndNote(mirror, first);
  const check = await mirror.here("check");
  expect(check.status).toBe(2);
  expect(check.stdout).toMatch(/fail +mirror +damaged, and therefore not listed and not served: \S+-ubuntu-/);
});

test("jam serve finds damage, notes it, and lists the agent again after a sync, without a restart", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await using served = await startServe(mirror.folder);
  const { items, agents } = await mirror.published();
  const [item] = items as [(typeof items)[number]];
  const path = join(mirror.data, blobPath(parseSha256(item.sha256) as Sha256));
  const download = () => fetch(`${served.url}/tools/${item.path}`);
  const index = async () => {
    const answer = await fetch(`${served.url}/api/v1/openapi.json`);
    await answer.arrayBuffer();
    const ready = await fetch(`${served.url}/readyz`);
    return ready.status;
  };
  expect((await download()).status).toBe(200);
  await makeWritable(path);
  await flipByteQuietly(path, 50);
  expect((await download()).status).toBe(503);
  expect(await index()).toBe(503);
  await expect.poll(() => noted(mirror)).toEqual([item.sha256]);

  await mirror.sync();
  expect(await index()).toBe(200);
  const again = await download();
  expect(sha256Of(new Uint8Array(await again.arrayBuffer()))).toBe(item.sha256);
  expect((await mirror.published()).agents).toEqual(agents);
});

describe("a damaged document of the mirror itself", () => {
  const kinds = ["snapshots", "upstream", "state", "history"] as const;
  const changes: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ["emptied", () => Buffer.alloc(0)],
    ["cut", (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2))],
    ["other bytes", (bytes) => Buffer.alloc(bytes.length, "x")],
  ];
  test.for(kinds.flatMap((kind) => changes.map(([what, change]) => [kind, what, change] as const)))(
    "in %s/, %s, is put right by the next sync",
    async ([kind, , change]) => {
      await using upstream = await startUpstream({ tree });
      await using mirror = await temporaryMirror(upstream);
      await mirror.sync();
      const before = await mirror.published();
      const { writeFile } = await import("node:fs/promises");
      for (const name of readdirSync(join(mirror.data, kind))) {
        const path = join(mirror.data, kind, name);
        await writeFile(path, change(readFileSync(path)));
      }
      const report = await mirror.sync();
      expect(report).toMatchObject({ failed: [] });
      expect((await mirror.published()).items).toEqual(before.items);
      expect((await mirror.sync()).outcome).toBe("unchanged");
      for (const command of ["list", "status"]) expect((await mirror.here(command)).status).toBe(0);
    },
  );

  test("a snapshot that is gone is replaced by a new one", async () => {
    await using upstream = await startUpstream({ tree });
    await using mirror = await temporaryMirror(upstream);
    const { snapshot } = await mirror.sync();
    const before = await mirror.published();
    const { rm } = await import("node:fs/promises");
    await rm(join(mirror.data, "snapshots", `${snapshot}.json`));
    const again = await mirror.sync();
    expect(readdirSync(join(mirror.data, "snapshots"))).toContain(`${again.snapshot}.json`);
    expect((await mirror.published()).items).toEqual(before.items);
  });
});
