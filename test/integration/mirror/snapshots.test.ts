/** `jam snapshot`: looking at what is kept, and going back. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { snapshotDiff, snapshotDocument, snapshotsDocument } from "../../../src/mirror/snapshots-document.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const DAY_MS = 24 * 3_600_000;
const [older, newer, newest] = await Promise.all([
  agedTree(["3.6.1"], 3),
  agedTree(["3.6.1", "3.6.2"], 2),
  agedTree(["3.6.2", "3.6.3"], 1),
]);

/** Two snapshots: the first lists 3.6.1, the second 3.6.1 and 3.6.2. */
async function twoSnapshots(upstream: Awaited<ReturnType<typeof startUpstream>>, mirror: TestMirror) {
  const first = (await mirror.sync({ at: new Date(Date.now() - DAY_MS) })).snapshot as string;
  upstream.publish(newer);
  const second = (await mirror.sync()).snapshot as string;
  return [first, second] as const;
}

const listed = async (mirror: TestMirror) => {
  const { stdout } = await mirror.here("list", "-o", "json");
  return (JSON.parse(stdout) as { agents: { version: string }[] }).agents.map(({ version }) => version);
};

test("lists snapshots newest first, shows one and compares two", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  const [first, second] = await twoSnapshots(upstream, mirror);

  const { snapshots } = snapshotsDocument.parse(
    JSON.parse((await mirror.here("snapshot", "list", "-o", "json")).stdout),
  );
  expect(snapshots.map(({ id, agents, refs, parent }) => ({ id, agents, refs, parent }))).toEqual([
    { id: second, agents: 2, refs: ["mirror"], parent: first },
    { id: first, agents: 1, refs: [], parent: null },
  ]);
  expect((await mirror.here("snapshot", "list")).stdout).toContain(first);

  const shown = snapshotDocument.parse(
    JSON.parse((await mirror.here("snapshot", "show", first, "-o", "json")).stdout),
  );
  expect(shown.agents).toEqual(["3.6.1-ubuntu-amd64"]);
  expect(shown.proofs[0]?.documents[0]?.signedBy).toBe(upstream.tree.key.fingerprint.toUpperCase());

  const between = snapshotDiff.parse(
    JSON.parse((await mirror.here("snapshot", "diff", first, "-o", "json")).stdout),
  );
  expect(between).toMatchObject({
    from: first,
    to: second,
    added: ["3.6.2-ubuntu-amd64"],
    removed: [],
    changed: [],
  });
});

test("goes back to an earlier snapshot in one step, records it, and a sync goes forward again", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { retention: { snapshots: 1, grace: "PT1H" } });
  const [first, second] = await twoSnapshots(upstream, mirror);

  const refused = await mirror.here("snapshot", "switch", first);
  expect(refused.status).toBe(4);
  expect(refused.stderr).toContain("JAM_METADATA_ROLLBACK");
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);

  const planned = await mirror.here("snapshot", "switch", first, "--allow", "rollback", "--dry-run");
  expect(planned).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/removed +1: 3\.6\.2 +ubuntu +amd64\n/),
  });
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);

  expect(await mirror.here("snapshot", "switch", first, "--allow", "rollback")).toMatchObject({ status: 0 });
  expect(await listed(mirror)).toEqual(["3.6.1"]);
  await mirror.published();
  const { stdout } = await mirror.here("status", "-o", "json");
  expect(JSON.parse(stdout)).toMatchObject({
    snapshot: { id: first },
    runs: [
      { snapshot: first, switchedFrom: second, removed: [{ agent: "3.6.2-ubuntu-amd64" }] },
      expect.anything(),
      expect.anything(),
    ],
  });

  // What was shown until now is graced and kept, although only one more snapshot is.
  expect(await mirror.here("prune")).toMatchObject({ status: 0 });
  expect(await mirror.here("snapshot", "switch", second)).toMatchObject({ status: 0 });
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);

  expect(await mirror.here("snapshot", "switch", first, "--allow", "rollback")).toMatchObject({ status: 0 });
  upstream.publish(newest);
  expect((await mirror.sync({ allow: ["mass-removal"] })).outcome).toBe("updated");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
});

test("a sync right after going back publishes what upstream lists", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  const [first] = await twoSnapshots(upstream, mirror);
  await mirror.here("snapshot", "switch", first, "--allow", "rollback");
  expect((await mirror.sync()).outcome).toBe("updated");
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);
  expect(await mirror.here("prune")).toMatchObject({ status: 0 });
  await mirror.published();
});

test("does not show a snapshot of which a tarball is missing", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  const [first] = await twoSnapshots(upstream, mirror);
  const { stdout } = await mirror.here("list", "3.6.1", "-o", "json");
  const { agents } = JSON.parse(stdout) as { agents: { sha256: Sha256 }[] };
  upstream.publish(newest);
  await mirror.sync({ allow: ["mass-removal"] });
  await rm(join(mirror.data, blobPath(agents[0]?.sha256 as Sha256)));
  const { status, stderr } = await mirror.here("snapshot", "switch", first, "--allow", "rollback");
  expect(status).toBe(4);
  expect(stderr).toContain("3.6.1");
  expect(stderr).toContain("JAM_STORE_CORRUPT");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
});

test.for([
  ["an unknown id", "1999-nothing", "No snapshot 1999-nothing"],
  ["the beginning of several ids", "20", "2 snapshots begin with 20"],
] as const)("names %s and the next step", async ([, word, message]) => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await twoSnapshots(upstream, mirror);
  const answer = await mirror.here("snapshot", "show", word);
  expect(answer.status).toBe(5);
  expect(answer.stderr).toContain(message);
  expect(answer.stderr).toContain("jam snapshot list");
});

test("an empty mirror has no snapshots", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  expect(await mirror.here("snapshot", "list")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("jam sync"),
  });
  expect((await mirror.here("snapshot", "show")).status).toBe(5);
});
