/** What was accepted of one upstream is no measure for another one, and is not forgotten while the other one counts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import {
  buildSampleTree,
  startUpstream,
  type SampleTree,
  type TestUpstream,
} from "../../helpers/upstream.ts";

const NOW = Date.now();
const BASE = { oses: ["ubuntu"], streams: ["released"], arches: ["amd64"] } as const;
const SELECT = [
  { stream: "released", versions: "3.6" },
  { stream: "released", versions: "4.0" },
];

let key: SampleTree["key"];
/** Newer than the second, and without 4.0. */
let first: TestUpstream;
let second: TestUpstream;

const treeOf = (releases: readonly string[], hoursAgo: number) =>
  buildSampleTree({ ...BASE, releases, now: new Date(NOW - hoursAgo * 3_600_000), ...(key && { key }) });

beforeAll(async () => {
  const tree = await treeOf(["3.6.26", "3.6.27"], 2);
  key = tree.key;
  first = await startUpstream({ tree });
  second = await startUpstream({ tree: await treeOf(["3.6.26", "3.6.27", "4.0.15"], 8) });
});
afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

function mirrorOfBoth(select = SELECT): Promise<TestMirror> {
  return temporaryMirror(first, {
    upstreams: [first, second].map(({ url }, at) => ({ name: `up-${at + 1}`, url, keyring: "key.asc" })),
    fetch: { retries: 0, idleTimeout: "PT1S" },
    select,
  });
}

const down = (upstream: TestUpstream) => upstream.fault(/sjson$/, { kind: "status", status: 503 });

test("the second, which is older, takes over and gives back, and a newer second does not lock the first out", async () => {
  await using mirror = await mirrorOfBoth();
  expect((await mirror.sync()).outcome).toBe("updated");
  down(first);
  expect(await mirror.sync()).toMatchObject({ upstream: second.url, removed: [] });
  second.publish(await treeOf(["3.6.26", "3.6.27", "4.0.15"], 1));
  expect(await mirror.sync()).toMatchObject({ upstream: second.url, removed: [] });
  first.clearFaults();
  const back = await mirror.sync();
  expect(back).toMatchObject({ upstream: first.url, removed: [] });
  expect(back.warnings.join()).not.toContain("older");
  second.publish(await treeOf(["3.6.26", "3.6.27", "4.0.15"], 8));
});

test("an older state of the same upstream is refused, whichever counted first in between", async () => {
  await using mirror = await mirrorOfBoth();
  await mirror.sync();
  down(first);
  await mirror.sync();
  second.publish(await treeOf(["3.6.26", "3.6.27", "4.0.15"], 30));
  await expect(mirror.sync()).rejects.toThrow(/second|up-2.*is older/s);
  first.clearFaults();
  const asFurther = await mirror.sync();
  expect(asFurther.warnings.join()).toMatch(/up-2 could not be asked.*is older/);
  first.publish(await treeOf(["3.6.26", "3.6.27"], 40));
  second.publish(await treeOf(["3.6.26", "3.6.27", "4.0.15"], 8));
  const replayed = await mirror.sync();
  expect(replayed.warnings.join()).toMatch(/up-1 was skipped: .*is older/);
  expect(replayed).toMatchObject({ upstream: second.url, removed: [] });
  first.publish(await treeOf(["3.6.26", "3.6.27"], 2));
});

test("one that was never read may not be older than what is known of another one", async () => {
  await using mirror = await mirrorOfBoth([{ stream: "released", versions: "3.6" }]);
  await mirror.sync();
  down(first);
  await expect(mirror.sync()).rejects.toThrow(/is older/);
  first.clearFaults();
});
