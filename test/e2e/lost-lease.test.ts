/** A run whose place as the writer is taken away: it ends, says so, and publishes nothing. */
import { existsSync, readdirSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryMirror } from "../helpers/mirror.ts";
import { itemPath, startUpstream } from "../helpers/upstream.ts";

test("a sync whose lock is removed ends with 6, and what another run published in the meantime stays", async () => {
  await using upstream = await startUpstream({
    releases: ["3.6.27"],
    arches: ["amd64", "arm64"],
    tarballBytes: 900_000,
  });
  const path = itemPath(upstream, "3.6.27", "arm64");
  await using mirror = await temporaryMirror(upstream);
  upstream.fault(path, { kind: "stall", at: 600_000, times: 1 });
  const running = mirror.start(["sync"]);
  const partial = join(mirror.data, "partial");
  while (!existsSync(partial) || !readdirSync(partial).some((name) => name.endsWith(".part")))
    await pause(20);

  await rm(join(mirror.data, "lock.db"));
  const other = await mirror.jam("sync", "-o", "json");
  const lost = await running.finished;

  expect(other.status).toBe(0);
  expect(lost).toMatchObject({ status: 6, signal: null });
  expect(lost.stderr).toContain("was taken away while this run held it");
  expect(lost.stderr).toContain(join(mirror.data, "lock.db"));
  expect(lost.stderr).toContain("JAM_STORE_LOCKED");
  expect((await mirror.published()).agents).toEqual(["3.6.27-ubuntu-amd64", "3.6.27-ubuntu-arm64"]);
  // One snapshot, one tree: those of the other run.
  for (const folder of ["snapshots", "published"])
    expect([folder, (await readdir(join(mirror.data, folder))).length]).toEqual([folder, 1]);
  // The run that lost its lease may not write its report. The other one notes that it ended without, if it has ended by then.
  const status = JSON.parse((await mirror.jam("status", "-o", "json")).stdout) as {
    runs: { outcome: string }[];
  };
  const outcomes = status.runs.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome !== "killed")).toEqual(["updated"]);
  expect(outcomes.length).toBeLessThanOrEqual(2);
});

test("a sync whose lock is removed while nobody else writes leaves the mirror as it was, and the next one ends it", async () => {
  await using upstream = await startUpstream({
    releases: ["3.6.27"],
    arches: ["amd64"],
    tarballBytes: 900_000,
  });
  await using mirror = await temporaryMirror(upstream);
  upstream.fault(itemPath(upstream, "3.6.27"), { kind: "stall", at: 600_000, times: 1 });
  const running = mirror.start(["sync", "-o", "json"]);
  const partial = join(mirror.data, "partial");
  while (!existsSync(partial) || !readdirSync(partial).some((name) => name.endsWith(".part")))
    await pause(20);
  await rm(join(mirror.data, "lock.db"));

  expect(await running.finished).toMatchObject({ status: 6 });

  for (const folder of ["snapshots", "published", "refs", "history"])
    expect([folder, await readdir(join(mirror.data, folder))]).toEqual([folder, []]);
  expect((await mirror.jam("sync")).status).toBe(0);
  expect((await mirror.published()).agents).toEqual(["3.6.27-ubuntu-amd64"]);
});
