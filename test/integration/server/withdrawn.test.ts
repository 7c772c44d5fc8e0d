import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clearDamage, noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { walkTree } from "../../helpers/published.ts";
import { type ServedMirror, serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const AGENTS = [{ version: "3.6.5" }, { version: "3.6.6" }];
const [DAMAGED, WHOLE] = ["3.6.5-ubuntu-amd64", "3.6.6-ubuntu-amd64"];
const TEXT = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

{"format": "index:1.0", "index": {}}
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCgAd
-----END PGP SIGNATURE-----
`;
const SIGNED = { documents: { "streams/v1/index2.sjson": TEXT }, verbatim: { complete: true } } as const;

async function sha256Of(mirror: ServedMirror, version: string): Promise<Sha256> {
  const snapshot = await currentSnapshot(mirror.store, MIRROR_REF);
  const agent = snapshot?.agents.find((one) => one.version === version);
  if (agent === undefined) throw new Error(`${version} is not published`);
  return agent.sha256;
}

async function damage(mirror: ServedMirror, version: string): Promise<string> {
  const path = join(mirror.store.path, blobPath(await sha256Of(mirror, version)));
  await makeWritable(path);
  await flipByteQuietly(path, 10);
  return path;
}

/** The agents that whoever starts at the index of a face finds; every tarball is fetched and compared. */
async function listed(mirror: ServedMirror): Promise<readonly string[]> {
  const read = async (path: string) => {
    const answer = await fetch(`${mirror.url}/tools/${path}`);
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined;
  };
  return (await walkTree(read)).agents;
}

/** What `look` sees after a sync has found the file whole: a server with workers notes damage for it. */
async function settled<Seen>(
  mirror: ServedMirror,
  look: (mirror: ServedMirror) => Promise<Seen>,
): Promise<Seen> {
  await clearDamage(mirror.store.documents, await sha256Of(mirror, "3.6.5"));
  return look(mirror);
}

const download = (mirror: ServedMirror, version: string) =>
  fetch(`${mirror.url}/tools/${tarballPath(version)}`);

test("a damaged tarball leaves the index with the first request that finds it, and comes back when it is whole", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  expect(await listed(mirror)).toEqual([DAMAGED, WHOLE]);
  const path = await damage(mirror, "3.6.5");

  expect((await download(mirror, "3.6.5")).status).toBe(503);
  expect(await listed(mirror)).toEqual([WHOLE]);
  const readiness = await fetch(`${mirror.url}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.json()).toMatchObject({
    ready: false,
    reasons: [{ code: "JAM_STORE_CORRUPT", message: expect.stringContaining(DAMAGED) }],
  });

  await writeFile(path, tarballBytes({ version: "3.6.5" }));
  await expect.poll(() => settled(mirror, listed), { timeout: 5_000 }).toEqual([DAMAGED, WHOLE]);
  expect((await fetch(`${mirror.url}/readyz`)).status).toBe(200);
});

test("the index without it names product files that no cache has kept, and clients of the old index find theirs", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const index = async () => {
    const answer = await fetch(`${mirror.url}/tools/streams/v1/index2.json`);
    const { index: entries } = (await answer.json()) as { index: Record<string, { path: string }> };
    return { date: answer.headers.get("last-modified"), path: Object.values(entries)[0]?.path ?? "" };
  };
  const product = async (path: string) => {
    const answer = await fetch(`${mirror.url}/tools/${path}`);
    return { cached: answer.headers.get("cache-control"), text: await answer.text() };
  };
  const before = await index();
  expect((await product(before.path)).cached).toContain("immutable");
  const path = await damage(mirror, "3.6.5");
  await download(mirror, "3.6.5");

  const after = await index();
  expect(after.path).not.toBe(before.path);
  expect(after.date).not.toBe(before.date);
  const fresh = await product(after.path);
  expect(fresh.cached).toContain("immutable");
  const old = await product(before.path);
  expect(old.cached).toBe("public, no-cache");
  for (const { text } of [fresh, old]) expect(text).not.toContain("3.6.5");

  await writeFile(path, tarballBytes({ version: "3.6.5" }));
  await expect
    .poll(() => settled(mirror, async () => (await index()).path), { timeout: 5_000 })
    .toBe(before.path);
  expect(await product(after.path)).toMatchObject({ cached: "public, no-cache" });
});

test("upstream's signed documents are not served while something that they list is damaged", async () => {
  await using mirror = await serveMirror({ agents: AGENTS, ...SIGNED });
  const signed = () => fetch(`${mirror.url}/upstream/tools/streams/v1/index2.sjson`);
  expect((await signed()).status).toBe(200);
  await damage(mirror, "3.6.6");
  await download(mirror, "3.6.6");
  const answer = await signed();
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    code: "JAM_FACE_INCOMPLETE",
    message: expect.stringContaining(WHOLE),
  });
});

test("a signed document whose kept bytes have changed is 503", async () => {
  await using mirror = await serveMirror({ agents: AGENTS, ...SIGNED });
  const snapshot = await currentSnapshot(mirror.store, MIRROR_REF);
  const [document] = snapshot?.upstream.documents ?? [];
  await mirror.store.documents.put("upstream", document?.sha256 ?? "", Buffer.from(TEXT.replace("{}", "[]")));
  expect((await fetch(`${mirror.url}/upstream/tools/streams/v1/index2.sjson`)).status).toBe(503);
});

test("what another process notes leaves the index of a running server, and comes back with the note's end", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  expect(await listed(mirror)).toEqual([DAMAGED, WHOLE]);
  const sha256 = await sha256Of(mirror, "3.6.5");
  const { documents } = mirror.store;
  await noteDamage(documents, {
    sha256,
    how: "bad",
    foundAt: new Date().toISOString(),
    foundBy: "jam verify",
  });
  await expect.poll(() => listed(mirror), { timeout: 5_000 }).toEqual([WHOLE]);
  await clearDamage(documents, sha256);
  await expect.poll(() => listed(mirror), { timeout: 5_000 }).toEqual([DAMAGED, WHOLE]);
});

test("with every tarball damaged documents are 503: an empty index would send clients elsewhere", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  for (const { version } of AGENTS) {
    await damage(mirror, version);
    expect((await download(mirror, version)).status).toBe(503);
  }
  for (const name of ["index2.json", "com.ubuntu.juju-released-tools.json"])
    expect((await fetch(`${mirror.url}/tools/streams/v1/${name}`)).status).toBe(503);
});

test("earlier snapshots do not list it either", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const answer = await fetch(`${mirror.url}/tools/streams/v1/index2.json`);
  const { index } = (await answer.json()) as { index: Record<string, { path: string }> };
  const path = Object.values(index)[0]?.path ?? "";
  await damage(mirror, "3.6.5");
  await mirror.publish({ agents: [{ version: "3.6.5" }, { version: "3.6.7" }] });
  await download(mirror, "3.6.5");
  const old = await (await fetch(`${mirror.url}/tools/${path}`)).text();
  expect(old).toContain("3.6.6");
  expect(old).not.toContain("3.6.5");
});
