/** `jam du`: what is on the disk, why it stays, and that the parts add up. */
import { chmod, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { usageDocument, type UsageDocument } from "../../../src/mirror/usage-document.ts";
import { airGap } from "../../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { agedTree, itemPath, startUpstream } from "../../helpers/upstream.ts";

const NO_GRACE = { retention: { snapshots: 1, age: "PT0S", grace: "PT0S", maxRemoval: "100%" } };
const NOTHING = { tarballs: 0, bytes: 0 };

const treeOf = (daysAgo: number, releases: string[], tarballBytes = 2048) =>
  agedTree(releases, daysAgo, { families: ["agents"], tarballBytes });

const full = await treeOf(9, ["3.6.1", "3.6.2"]);
const without = await treeOf(8, ["3.6.2", "3.6.3"]);
const changed = await treeOf(7, ["3.6.2", "3.6.3"], 70_000);

async function usageOf(mirror: TestMirror): Promise<UsageDocument> {
  const { stdout, stderr } = await mirror.here("du", "-o", "json");
  expect(stderr).toBe("");
  return usageDocument.parse(JSON.parse(stdout));
}

/** Bytes of the files in a folder of the data directory whose names end so. */
async function bytesIn({ data }: TestMirror, folder: string, end = ""): Promise<number> {
  const entries = await readdir(join(data, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(end));
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function expectSums(mirror: TestMirror): Promise<UsageDocument> {
  const usage = await usageOf(mirror);
  const parts = [usage.listed, usage.withdrawn, usage.alarms, usage.waiting, usage.cached, usage.unlisted];
  const sum = parts.reduce((total, { bytes }) => total + bytes, 0);
  expect(sum).toBe(usage.total.bytes);
  expect(parts.reduce((total, { tarballs }) => total + tarballs, 0)).toBe(usage.total.tarballs);
  expect(usage.total.bytes).toBe(await bytesIn(mirror, "blobs"));
  expect(usage.partial.bytes).toBe(await bytesIn(mirror, "partial", ".part"));
  expect(usage.quarantine?.bytes).toBe(await bytesIn(mirror, "quarantine"));
  for (const list of ["streams", "versions", "arches", "snapshots"] as const) {
    const unique = usage[list].reduce((total, row) => total + row.unique, 0);
    expect({ list, bytes: unique + usage.shared[list] }).toEqual({
      list,
      bytes: usage.listed.bytes + usage.missing.bytes,
    });
  }
  return usage;
}

test("what alarms and withdrawn agents occupy is named, and all parts add up to the bytes on the disk", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "unlist", ...NO_GRACE });
  await mirror.sync();
  upstream.publish(without);
  await mirror.sync();
  upstream.publish(changed);
  await mirror.here("sync");
  await mirror.here("prune");
  const usage = await expectSums(mirror);
  expect(usage).toMatchObject({
    withdrawn: { tarballs: 1, listed: NOTHING },
    alarms: { tarballs: 2, listed: { tarballs: 2 } },
    unlisted: NOTHING,
    quarantine: { files: 0, bytes: 0 },
  });
  expect(usage.alarms.bytes).toBeGreaterThan(140_000);
  const { stdout } = await mirror.here("du");
  expect(stdout).toMatch(/^withdrawn {3}1 tarball, .*; upstream withdrew them \(onUpstreamRemoval\)$/m);
  expect(stdout).toMatch(/^alarms {6}2 tarballs, .*of those listed: 2 tarballs, /m);
});

test("what an earlier snapshot still lists counts as listed, although upstream withdrew it", async () => {
  await using upstream = await startUpstream({ tree: full });
  await using mirror = await temporaryMirror(upstream, { onUpstreamRemoval: "unlist" });
  await mirror.sync();
  upstream.publish(without);
  await mirror.sync();
  const usage = await expectSums(mirror);
  expect(usage.withdrawn).toMatchObject({ tarballs: 0, bytes: 0, listed: { tarballs: 1 } });
  expect(usage.shared.snapshots).toBeGreaterThan(0);
  expect((await mirror.here("du", "--by", "snapshot")).stdout).toMatch(/^\(in several\) /m);
});

test("parts of tarballs, refused bytes and damaged tarballs are on top of the tarballs", async () => {
  await using upstream = await startUpstream({ tree: changed });
  await using mirror = await temporaryMirror(upstream, NO_GRACE);
  const paths = ["3.6.2", "3.6.3"].map((version) => itemPath(upstream, version));
  upstream.fault(paths[0] ?? "", { kind: "cut", at: 66_000, times: 1 });
  upstream.fault(paths[0] ?? "", { kind: "status", status: 404 });
  upstream.fault(paths[1] ?? "", { kind: "alter", at: 9 });
  await mirror.here("sync");
  const first = await expectSums(mirror);
  expect(first).toMatchObject({ total: NOTHING, partial: { tarballs: 1 }, quarantine: { files: 2 } });
  upstream.clearFaults();
  await mirror.sync();
  const blobs = await readdir(join(mirror.data, "blobs/sha256"), { recursive: true, withFileTypes: true });
  const blob = blobs.find((entry) => entry.isFile());
  if (blob === undefined) throw new Error("no blob");
  const path = join(blob.parentPath, blob.name);
  const bytes = await readFile(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
  await mirror.here("verify", "--deep");
  await mirror.here("repair");
  const { quarantine, missing } = await expectSums(mirror);
  expect(quarantine?.files).toBeGreaterThan(2);
  expect(missing).toEqual(NOTHING);
  expect((await mirror.here("du")).stdout).toMatch(/^quarantine {2}\d files, .*; damaged or refused/m);
});

test("contents of a bundle that is not complete yet are named as waiting", async () => {
  await using upstream = await startUpstream({ tree: changed });
  await using gap = await airGap(upstream);
  const medium = join(gap.medium, "1");
  await gap.done("near", "bundle", "create", "--to", medium, "--volume-size", "80KiB");
  const volumes = (await readdir(medium)).filter((name) => name.endsWith(".tar")).sort();
  expect(volumes.length).toBeGreaterThan(1);
  await rm(join(medium, volumes.at(-1) ?? ""));
  expect((await gap.far.here("bundle", "import", medium)).status).toBe(3);
  const usage = await expectSums(gap.far);
  expect(usage).toMatchObject({ listed: NOTHING, unlisted: NOTHING, waiting: { tarballs: 1 } });
});
