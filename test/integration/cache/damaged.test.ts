import { chmod, readdir, rm, truncate, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { listDamaged } from "../../../src/mirror/damaged-list.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { flipByte, flipByteQuietly } from "../../helpers/damage-file.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { until } from "../../helpers/until.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const TREE = {
  releases: ["3.6.26", "3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 200_000,
} as const;
const A = "3.6.26";

/** What can happen to a file on the disk; the last column: whether a file is left that goes to quarantine. */
const DAMAGES = [
  ["a byte is flipped", (path: string) => flipByte(path, 100_000), true],
  ["a byte is flipped and the date put back", (path: string) => flipByteQuietly(path, -1), true],
  ["it is cut", (path: string) => truncate(path, 1_000), true],
  ["it is emptied", (path: string) => truncate(path, 0), true],
  ["a folder has its place", (path: string) => rm(path).then(() => mkdir(path)), true],
  ["it is deleted", (path: string) => rm(path), false],
  // Root may read it all the same: then it is served as before.
  ["nobody may read it", (path: string) => chmod(path, 0), false],
] as const;

const pathIn = (mirror: CachedMirror, version: string) =>
  join(mirror.store.path, blobPath(mirror.agentOf(version).sha256));

async function get(mirror: CachedMirror, version: string): Promise<Buffer | number> {
  const answer = await fetch(mirror.urlOf(version));
  const bytes = Buffer.from(await answer.arrayBuffer());
  return answer.status === 200 ? bytes : answer.status;
}

const aside = async (mirror: CachedMirror) =>
  (await readdir(join(mirror.store.path, "quarantine"))).filter((name) => name.endsWith(".damaged"));

const noteOf = (sha256: Sha256) => ({
  sha256,
  how: "x",
  foundAt: "2026-01-01T00:00:00.000Z",
  foundBy: "jam verify",
});

test.for(DAMAGES)("a cached tarball comes again while it is served: %s", async ([, damage, isLeft]) => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  const whole = await mirror.bytesOf(A);
  expect(await get(mirror, A)).toEqual(whole);
  await chmod(pathIn(mirror, A), 0o644);
  await damage(pathIn(mirror, A));
  expect(await Promise.all([get(mirror, A), get(mirror, A)])).toEqual([whole, whole]);
  expect(await aside(mirror)).toHaveLength(isLeft ? 1 : 0);
  await until(async () => (await listDamaged(mirror.store.documents)).size === 0);
  const { length } = upstream.requests;
  expect(length).toBeLessThanOrEqual(2);
  expect(await get(mirror, A)).toEqual(whole);
  expect(upstream.requests).toHaveLength(length);
});

test.for(DAMAGES.slice(0, 6))(
  "with upstream away it counts as missing, and comes when upstream is back: %s",
  async ([, damage]) => {
    await using upstream = await startUpstream(TREE);
    await using mirror = await serveCached(upstream, { waits: { patienceMs: 50, refusalMs: 1 } });
    await get(mirror, A);
    await chmod(pathIn(mirror, A), 0o644);
    await damage(pathIn(mirror, A));
    upstream.fault(/tgz/, { kind: "status", status: 503 });
    expect(await get(mirror, A)).toBe(503);
    expect(await mirror.store.blobs.stat(mirror.agentOf(A).sha256)).toBeUndefined();
    expect(await listDamaged(mirror.store.documents)).toEqual(new Set());
    // The client had no patience any more; the fetch ends a moment later.
    await until(async () => mirror.pullThrough.bytes === 0);
    upstream.clearFaults();
    await until(async () => (await get(mirror, A)) !== 503);
    expect(await get(mirror, A)).toEqual(await mirror.bytesOf(A));
  },
);

test.for(DAMAGES)("it comes again after a restart: %s", async ([, damage]) => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  await get(mirror, A);
  await mirror.stop();
  await chmod(pathIn(mirror, A), 0o644);
  await damage(pathIn(mirror, A));
  await using again = await serveCached(upstream, { store: mirror.store });
  expect(await get(again, A)).toEqual(await again.bytesOf(A));
});

test("what another command found is put aside without a request, and its note goes", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  for (const version of TREE.releases) await get(mirror, version);
  const [damaged, whole] = TREE.releases.map((version) => mirror.agentOf(version).sha256) as [Sha256, Sha256];
  await truncate(pathIn(mirror, A), 10);
  for (const sha256 of [damaged, whole]) await noteDamage(mirror.store.documents, noteOf(sha256));
  await until(async () => (await listDamaged(mirror.store.documents)).size === 0);
  expect(await mirror.store.blobs.stat(damaged)).toBeUndefined();
  expect(await mirror.store.blobs.stat(whole)).toBeDefined();
  await until(() => mirror.events.some(({ kind }) => kind === "aside"));
  expect(mirror.events.filter(({ kind }) => kind === "aside")).toEqual([{ kind: "aside", sha256: damaged }]);
  expect(mirror.pullThrough.bytes).toBe(mirror.agentOf("3.6.27").size);
});

test("what a snapshot lists keeps its note and its place until a sync: its tree has the file", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  const listed = await publisher(mirror.store)({ agents: [{ version: "3.6.5" }] });
  const sha256 = listed.agents[0]?.sha256 as Sha256;
  await get(mirror, A);
  for (const one of [sha256, mirror.agentOf(A).sha256]) {
    const path = join(mirror.store.path, blobPath(one));
    await chmod(path, 0o644);
    await writeFile(path, "damaged");
    await noteDamage(mirror.store.documents, noteOf(one));
  }
  await until(async () => (await listDamaged(mirror.store.documents)).size === 1);
  expect(await listDamaged(mirror.store.documents)).toEqual(new Set([sha256]));
  expect(await mirror.store.blobs.stat(sha256)).toBeDefined();
});

test("while another run writes it is fetched again all the same, and put in order afterwards", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  await get(mirror, A);
  const lease = await mirror.store.lease.acquire("jam sync");
  await truncate(pathIn(mirror, A), 10);
  await noteDamage(mirror.store.documents, noteOf(mirror.agentOf(A).sha256));
  expect(await get(mirror, A)).toEqual(await mirror.bytesOf(A));
  await lease.release();
  await until(async () => (await listDamaged(mirror.store.documents)).size === 0);
  expect(await mirror.store.blobs.stat(mirror.agentOf(A).sha256)).toBeDefined();
});
