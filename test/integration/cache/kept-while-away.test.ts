import { expect, test } from "vitest";
import { serveCached } from "../../helpers/cached-mirror.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const TREE = {
  releases: ["3.6.26", "3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 100_000,
} as const;

test.for([
  ["answers with 503", { kind: "status", status: 503 }],
  ["resets each connection", { kind: "cut", at: 0, how: "rst" }],
  ["has lost the file", { kind: "status", status: 404 }],
] as const)("nothing is evicted for a tarball that does not come: upstream %s", async ([, fault]) => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream, { quota: 150_000, waits: { patienceMs: 100 } });
  await (await fetch(mirror.urlOf("3.6.26"))).arrayBuffer();
  upstream.fault(/3\.6\.27/, fault);
  expect((await fetch(mirror.urlOf("3.6.27"))).status).toBe(503);
  expect(mirror.pullThrough.counts.evicted).toBe(0);
  expect(await mirror.store.blobs.stat(mirror.agentOf("3.6.26").sha256)).toBeDefined();
});

const BREAKS_OFF = { kind: "cut", at: 60_000, how: "rst", times: 1 } as const;

test.for([
  ["breaks off in the middle", [BREAKS_OFF, { kind: "status", status: 503 }]],
  ["sends other bytes", [{ kind: "alter", at: 99_999 }]],
] as const)("nothing is evicted for a tarball that begins to come: upstream %s", async ([, faults]) => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream, { quota: 150_000, waits: { patienceMs: 100 } });
  await (await fetch(mirror.urlOf("3.6.26"))).arrayBuffer();
  for (const fault of faults) upstream.fault(/3\.6\.27/, fault);
  const answer = await fetch(mirror.urlOf("3.6.27"));
  await answer.arrayBuffer().catch(() => undefined);
  await expect.poll(() => mirror.pullThrough.counts).toMatchObject({ evicted: 0, failed: 1 });
  expect(await mirror.store.blobs.stat(mirror.agentOf("3.6.26").sha256)).toBeDefined();
});

test("tarballs that come at the same time and break off leave what is held", async () => {
  const releases = ["3.6.24", "3.6.25", "3.6.26", "3.6.27"];
  await using upstream = await startUpstream({ ...TREE, releases });
  await using mirror = await serveCached(upstream, { quota: 350_000, waits: { patienceMs: 100 } });
  const [first = "", ...others] = releases;
  await (await fetch(mirror.urlOf(first))).arrayBuffer();
  for (const version of others)
    for (const fault of [BREAKS_OFF, { kind: "status", status: 503 }] as const)
      upstream.fault(new RegExp(RegExp.escape(version)), fault);
  await Promise.all(
    others.map(async (version) => {
      const answer = await fetch(mirror.urlOf(version));
      await answer.arrayBuffer().catch(() => undefined);
    }),
  );
  await expect.poll(() => mirror.pullThrough.counts).toMatchObject({ evicted: 0, failed: 3, passed: 0 });
  expect(await mirror.store.blobs.stat(mirror.agentOf(first).sha256)).toBeDefined();
});

test("when it comes, the one that was not used for the longest time goes", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream, { quota: 150_000 });
  for (const version of ["3.6.26", "3.6.27"]) await (await fetch(mirror.urlOf(version))).arrayBuffer();
  expect(mirror.pullThrough.counts.evicted).toBe(1);
  expect(await mirror.store.blobs.stat(mirror.agentOf("3.6.26").sha256)).toBeUndefined();
});
