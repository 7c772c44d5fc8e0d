import { cp } from "node:fs/promises";
import { expect, test } from "vitest";
import { isJamError } from "../../../src/shared/errors.ts";
import { oneIn } from "../../helpers/tier.ts";
import { buildSampleTree, startUpstream, type SampleTree } from "../../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.now();

/** Agents and tools change from one tree to the next, so that one file of each would be a mixture. */
function treeOf(hoursAgo: number, releases: readonly string[]): Promise<SampleTree> {
  const now = new Date(NOW - hoursAgo * HOUR_MS);
  return buildSampleTree({ releases, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"], now });
}

const first = await treeOf(3, ["2.8.11", "3.6.25"]);
const second = await treeOf(2, ["2.8.11", "2.8.12", "3.6.25", "3.6.26"]);
const third = await treeOf(1, ["2.8.11", "2.8.12", "2.8.13", "3.6.25", "3.6.26", "3.6.27"]);

function namesOf(tree: SampleTree): string {
  return [...new Set(tree.listings.map(({ itemName }) => itemName))].sort().join();
}

const WHOLE = [first, second, third].map(namesOf);

/** Runs a sync whose upstream publishes while it runs: before the request of each number, one part. */
async function syncDuring(
  mirror: TestMirror,
  upstream: Awaited<ReturnType<typeof startUpstream>>,
  steps: readonly { readonly at: number; readonly parts: Parameters<typeof upstream.publish>[1] }[],
): Promise<readonly string[]> {
  let count = 0;
  let isOver = false;
  upstream.onRequest(() => {
    if (isOver) return;
    count += 1;
    for (const { at, parts } of steps) if (at === count) upstream.publish(third, parts);
  });
  try {
    const report = await mirror.sync();
    return report.failed.map(({ agent }) => agent);
  } catch (error) {
    if (isJamError(error, "JAM_UPSTREAM_INCONSISTENT")) return [];
    throw error;
  } finally {
    isOver = true;
    upstream.publish(third);
  }
}

/** Requests of an undisturbed sync from the first to the second tree: index, two product files, two tarballs. */
const REQUESTS = 5;
const ORDERS = [
  ["items", "products", "index"],
  ["index", "products", "items"],
] as const;

/** Every way to put three steps between the requests. */
const PLACES = Array.from({ length: REQUESTS + 1 }, (_, at) => at + 1).flatMap((a) =>
  Array.from({ length: REQUESTS + 2 - a }, (_, at) => a + at).flatMap((b) =>
    Array.from({ length: REQUESTS + 2 - b }, (_, at) => [a, b, b + at] as const),
  ),
);

test.for(ORDERS)(
  "never publishes a mixed set while upstream publishes its %s, %s and %s between any two requests",
  async (order) => {
    await using upstream = await startUpstream({ tree: first });
    await using golden = await temporaryMirror(upstream);
    await golden.sync();
    expect(PLACES).toHaveLength(56);
    for (const places of oneIn(5, PLACES)) {
      await using other = await startUpstream({ tree: second });
      await using mirror = await temporaryMirror(other);
      await cp(golden.data, mirror.data, { recursive: true, verbatimSymlinks: true });
      const steps = order.map((part, index) => ({ at: places[index] as number, parts: [part] }));
      const failed = await syncDuring(mirror, other, steps);
      const seen = [...new Set([...(await mirror.published()).agents, ...failed])].sort().join();
      expect(WHOLE, `published at ${places.join()}`).toContain(seen);
      await mirror.sync();
      expect((await mirror.published()).agents.join(), `after ${places.join()}`).toBe(WHOLE[2]);
    }
  },
);

test("reads the set again when a product file is ahead of its index, and takes it when it stays so", async () => {
  await using upstream = await startUpstream({ tree: second });
  await using mirror = await temporaryMirror(upstream);
  upstream.publish(third, ["products", "items"]);
  const report = await mirror.sync();
  expect(report.outcome).toBe("updated");
  expect((await mirror.published()).agents.join()).toBe(WHOLE[2]);
  expect(upstream.requests.filter((request) => request.endsWith("index2.sjson"))).toHaveLength(2);
});

test("keeps what it has when the index stays ahead of its product files", async () => {
  await using upstream = await startUpstream({ tree: first });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  upstream.publish(third, ["index"]);
  await expect(mirror.sync()).rejects.toMatchObject({ code: "JAM_UPSTREAM_INCONSISTENT" });
  expect((await mirror.published()).agents.join()).toBe(WHOLE[0]);
  expect(upstream.requests.filter((request) => request.endsWith("index2.sjson"))).toHaveLength(4);
});

test("waits for a product file that the index names before it is there", async () => {
  await using upstream = await startUpstream({ tree: first });
  await using mirror = await temporaryMirror(upstream);
  const path = "streams/v1/com.ubuntu.juju-released-agents.sjson";
  upstream.fault(path, { kind: "status", status: 404, times: 2 });
  expect((await mirror.sync()).outcome).toBe("updated");
  upstream.publish(second);
  upstream.fault(path, { kind: "status", status: 404 });
  const { outcome, failed, removed } = await mirror.sync();
  expect({ outcome, failed, removed }).toMatchObject({
    outcome: "partial",
    failed: [{ path, code: "JAM_UPSTREAM_NOT_FOUND" }],
    removed: [],
  });
});
