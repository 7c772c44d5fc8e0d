import { existsSync, readdirSync } from "node:fs";
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { parseSha256, type Sha256 } from "../../../src/shared/sha256.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import type { VerifyDocument } from "../../../src/verify/verify-document.ts";
import { DAMAGES, flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startServe } from "../../helpers/running-jam.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const tree = await buildSampleTree({
  releases: ["2.9.60", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
});

async function syncedMirror() {
  const upstream = await startUpstream({ tree });
  const mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const names = await readdir(join(mirror.data, "blobs/sha256"), { recursive: true });
  const blobs = names.map((name) => parseSha256(name.slice(3))).filter((sha256) => sha256 !== undefined);
  const path = (sha256: Sha256) => join(mirror.data, blobPath(sha256));
  for (const sha256 of blobs) await makeWritable(path(sha256));
  return {
    mirror,
    upstream,
    blobs: blobs.sort(),
    path,
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Later than that, tarballs are hashed in one go. */
const SETTLED_MS = 2_200;

test("many small tarballs are hashed together: each is counted, and the damaged ones are named", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs, path } = here;
  const [flipped, cut] = blobs as [Sha256, Sha256];
  await flipByteQuietly(path(flipped), 100);
  await truncate(path(cut), 10);
  await sleep(SETTLED_MS);
  const { status, document } = await verify(mirror, "--deep");
  expect(status).toBe(4);
  expect(Object.fromEntries(document.faults.map(({ sha256, state }) => [sha256, state]))).toEqual({
    [flipped]: "damaged",
    [cut]: "damaged",
  });
  expect(document).toMatchObject({ checked: { tarballs: blobs.length }, remaining: 0 });
  // What was cut is not hashed.
  const noted = JSON.parse(await readFile(join(mirror.data, "state/verified-blobs.json"), "utf8")) as {
    readonly verifiedAt: Readonly<Record<string, string>>;
  };
  expect(Object.keys(noted.verifiedAt).sort()).toEqual(blobs.slice(2));
});

async function verify(mirror: TestMirror, ...flags: string[]) {
  const { status, stdout } = await mirror.here("verify", "-o", "json", ...flags);
  return { status, document: JSON.parse(stdout) as VerifyDocument };
}

test("a whole mirror: everything is checked, each run, and the exit status is 0", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs } = here;
  const plain = await verify(mirror);
  expect(plain).toMatchObject({
    status: 0,
    document: { outcome: "whole", deep: false, faults: [], oldest: null },
  });
  const deep = await verify(mirror, "--deep");
  expect(deep).toMatchObject({
    status: 0,
    document: { outcome: "whole", checked: { tarballs: blobs.length }, remaining: 0, withdrawn: true },
  });
  expect(deep.document.checked.bytes).toBe(deep.document.listed.bytes);
  expect(deep.document.oldest).toMatch(/^20/);
  expect((await mirror.here("verify", "--deep", "--quiet")).stdout).toBe("");
  expect((await mirror.here("verify")).stdout).toMatch(/^Whole: \d+ tarballs of \d+ checked, sizes only/);
});

test.for(DAMAGES)(
  "--deep finds that %s, withdraws it from tools/, and a sync repairs it",
  async ([what, damage]) => {
    await using here = await syncedMirror();
    const { mirror, blobs, path } = here;
    const before = await mirror.published();
    const [bad, other] = blobs as [Sha256, Sha256];
    await damage(path(bad), path(other));

    const found = await verify(mirror, "--deep");
    expect(found).toMatchObject({
      status: 4,
      document: {
        outcome: "damaged",
        withdrawn: true,
        faults: [
          {
            check: "tarballs",
            sha256: bad,
            isShown: true,
            state: /gone|folder/.test(what) ? "missing" : "damaged",
          },
        ],
      },
    });
    expect(found.document.faults[0]?.agents[0]).toMatch(/-ubuntu-/);
    expect(existsSync(path(bad))).toBe(false);
    const during = await mirror.published();
    expect(during.items.map(({ sha256 }) => sha256)).not.toContain(bad);
    expect(during.agents.length).toBeLessThan(before.agents.length);
    // It stays a fault until it is repaired.
    expect((await verify(mirror)).status).toBe(4);
    expect((await mirror.here("status")).stdout).toContain("damaged");

    await mirror.sync();
    expect((await mirror.published()).fingerprint).toBe(before.fingerprint);
    expect((await verify(mirror, "--deep")).status).toBe(0);
  },
);

test("without --deep sizes are compared: what is cut or gone is found, changed bytes are not", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs, path } = here;
  const [flipped, gone] = blobs as [Sha256, Sha256];
  await flipByteQuietly(path(flipped), 9);
  await rm(path(gone));
  const { status, document } = await verify(mirror);
  expect([status, document.faults.map(({ sha256 }) => sha256)]).toEqual([4, [gone]]);
});

test("without --deep, what a server found damaged is hashed, and what is whole stays listed", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs, path } = here;
  const [flipped, sound] = blobs as [Sha256, Sha256];
  await flipByteQuietly(path(flipped), 9);
  const { documents } = await openFsStore(mirror.data);
  for (const sha256 of [flipped, sound])
    await noteDamage(documents, {
      sha256,
      how: "a test",
      foundAt: "2026-01-01T00:00:00Z",
      foundBy: "jam serve",
    });
  const { status, document } = await verify(mirror);
  expect(status).toBe(4);
  expect(document).toMatchObject({ outcome: "damaged", faults: [{ sha256: flipped, state: "damaged" }] });
  expect((await mirror.published()).items.map(({ sha256 }) => sha256)).toContain(sound);
  await mirror.sync();
  expect((await verify(mirror)).status).toBe(0);
});

test("a running server no longer lists what a verification finds, and serves it again after a sync", async () => {
  await using here = await syncedMirror();
  const { mirror, path } = here;
  await using served = await startServe(mirror.folder);
  const [item] = (await mirror.published()).items;
  const download = () => fetch(`${served.url}/tools/${item?.path}`);
  const ready = () => fetch(`${served.url}/readyz`);
  expect([(await download()).status, (await ready()).status]).toEqual([200, 200]);
  await flipByteQuietly(path(item?.sha256 as Sha256), 20);
  expect((await verify(mirror, "--deep")).status).toBe(4);
  expect([(await ready()).status, (await download()).status]).toEqual([503, 503]);
  await mirror.sync();
  expect([(await ready()).status, (await download()).status]).toEqual([200, 200]);
});

test("a budget ends a run early without a fault, and the next one begins with what was left", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs } = here;
  const order: string[][] = [];
  for (let run = 0; run < 2; run += 1) {
    // Two are begun at the same time; the rate makes the others wait longer than the budget.
    const flags = ["--deep", "--budget", "1s", "--limit-rate", "1K", "--progress", "json"];
    const { status, stdout, stderr } = await mirror.here("verify", "-o", "json", ...flags);
    const document = JSON.parse(stdout) as VerifyDocument;
    expect(status).toBe(0);
    expect(document.remaining).toBeGreaterThan(0);
    expect(document.remaining).toBeLessThan(blobs.length);
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; path?: string });
    order.push(events.filter(({ kind }) => kind === "item-done").map((event) => event.path ?? ""));
  }
  expect(order[0]?.filter((path) => order[1]?.includes(path))).toEqual([]);
});

test("a run begins with what was not verified for the longest time, and first with what never was", async () => {
  await using here = await syncedMirror();
  const { mirror, upstream } = here;
  expect((await verify(mirror, "--deep")).status).toBe(0);
  const more = { releases: ["2.9.60", "3.6.27", "4.0.15"], arches: ["amd64", "arm64"] };
  upstream.publish(await buildSampleTree({ ...more, oses: ["ubuntu"], key: tree.key }));
  await mirror.sync();
  const flags = ["--deep", "--budget", "1s", "--limit-rate", "1K", "--progress", "json"];
  const { stderr } = await mirror.here("verify", "-o", "json", ...flags);
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; path?: string });
  const done = events
    .filter(({ kind }) => kind === "item-done")
    .map(({ path = "" }) => path.includes("4.0.15"));
  // The new ones, and others after them if there was time.
  expect(done[0]).toBe(true);
  expect(done.lastIndexOf(true)).toBe(done.filter((isNew) => isNew).length - 1);
});

test("while another run writes, damage is noted and left to that run", async () => {
  await using here = await syncedMirror();
  const { mirror, blobs, path } = here;
  const store = await openFsStore(mirror.data);
  const lease = await store.lease.acquire("jam sync");
  const [bad] = blobs as [Sha256];
  await flipByteQuietly(path(bad), 1);
  expect(await verify(mirror, "--deep")).toMatchObject({ status: 4, document: { withdrawn: false } });
  expect(readdirSync(join(mirror.data, "state"))).toContain(`damaged-${bad}.json`);
  await lease.release();
  expect(await mirror.sync()).toMatchObject({ failed: [] });
  expect((await verify(mirror, "--deep")).status).toBe(0);
});

test.for([
  ["--budget", "soon", /30m, 2h/],
  ["--budget", "0m", /above zero/],
  ["--limit-rate", "5", /1KiB/],
] as const)("%s %s is refused", async ([flag, value, message]) => {
  await using here = await syncedMirror();
  const { status, stderr } = await here.mirror.here("verify", flag, value);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

test("where nothing was published nothing is whole", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  const { status, stdout, stderr } = await mirror.here("verify", "--deep");
  expect([stdout, stderr]).toEqual(["", expect.stringContaining("JAM_MIRROR_EMPTY")]);
  expect(status).not.toBe(0);
});

test.for([
  ["cut short", "damaged", (file: string) => truncate(file, 20)],
  ["no JSON", "damaged", (file: string) => writeFile(file, "x")],
  ["gone", "missing", (file: string) => rm(file)],
] as const)("a snapshot that is %s is a fault: what it lists was not checked", async ([, state, damage]) => {
  await using here = await syncedMirror();
  const { mirror } = here;
  const [file = ""] = await readdir(join(mirror.data, "snapshots"));
  await makeWritable(join(mirror.data, "snapshots", file));
  await damage(join(mirror.data, "snapshots", file));
  const { status, document } = await verify(mirror);
  const id = file.replace(".json", "");
  expect([status, document.outcome, document.snapshots]).toEqual([
    4,
    "damaged",
    [{ id, state, isShown: true }],
  ]);
  expect((await mirror.here("verify")).stdout).toContain(`snapshot-${state}: it is shown`);
  await mirror.sync();
  // The new snapshot has the same id only when it was made in the same second.
  const after = await verify(mirror, "--deep");
  const earlier = after.document.snapshots;
  expect(earlier.filter(({ isShown }) => isShown)).toEqual([]);
  expect(after.status).toBe(earlier.length === 0 ? 0 : 3);
  for (const one of earlier) await rm(join(mirror.data, "snapshots", `${one.id}.json`));
  expect((await verify(mirror, "--deep")).document).toMatchObject({ outcome: "whole", snapshots: [] });
});

test("a withdrawn tarball is no answer: commands that say what the mirror offers leave it out and name it", async () => {
  await using here = await syncedMirror();
  const { mirror, path } = here;
  const jam = (...args: string[]) => mirror.here(...args, "-o", "json");
  type Listed = { agents: { version: string; arch: string; sha256: string }[]; note?: string };
  const before = JSON.parse((await jam("list")).stdout) as Listed;
  const gone = before.agents.filter(({ version }) => version === "3.6.27");
  for (const { sha256 } of gone) await flipByteQuietly(path(parseSha256(sha256) as Sha256), 100);
  expect((await verify(mirror, "--deep")).status).toBe(4);

  const after = JSON.parse((await jam("list")).stdout) as Listed;
  expect(after.agents).toEqual(before.agents.filter((agent) => !gone.includes(agent)));
  expect(after.note).toMatch(/damaged: 3\.6\.27-ubuntu-amd64, 3\.6\.27-ubuntu-arm64\. `jam sync`/);
  const one = await mirror.here("list", "3.6.27");
  expect([one.status, one.stderr]).toEqual([
    5,
    expect.stringMatching(/damaged: 3\.6\.27-ubuntu-amd64, .*No agent in the mirror matches/s),
  ]);
  expect((await mirror.here("which", "3.6.26")).stdout).toMatch(/^up-to-date 3\.6\.26/);
  expect((await mirror.here("lookup", "3.6.27-ubuntu-amd64")).status).not.toBe(0);
  expect((await mirror.here("explain", "3.6.27-ubuntu-amd64", "--offline")).stdout).not.toMatch(
    /is mirrored/,
  );

  await mirror.sync();
  expect((await mirror.here("which", "3.6.26")).stdout).toMatch(/^upgrade 3\.6\.27/);
  expect(JSON.parse((await jam("list")).stdout)).toMatchObject({ agents: before.agents });
  expect((await mirror.here("lookup", "3.6.27-ubuntu-amd64")).status).toBe(0);
});
