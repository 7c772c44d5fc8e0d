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

test("when it comes, the one that was not used for the longest time goes", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream, { quota: 150_000 });
  for (const version of ["3.6.26", "3.6.27"]) await (await fetch(mirror.urlOf(version))).arrayBuffer();
  expect(mirror.pullThrough.counts.evicted).toBe(1);
  expect(await mirror.store.blobs.stat(mirror.agentOf("3.6.26").sha256)).toBeUndefined();
});
