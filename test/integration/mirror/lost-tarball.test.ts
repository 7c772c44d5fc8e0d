/** A tarball that disappeared from the disk and that no rule selects any more does not stop a publication. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const [older, newer] = await Promise.all([agedTree(["3.6.1", "3.6.2"], 2), agedTree(["3.6.2", "3.6.3"], 1)]);

const agentsOf = async (mirror: TestMirror) => {
  const { stdout } = await mirror.here("list", "-o", "json");
  return (JSON.parse(stdout) as { agents: { version: string; sha256: Sha256 }[] }).agents;
};

const listed = async (mirror: TestMirror) => (await agentsOf(mirror)).map(({ version }) => version);

/** Deletes the tarball of a version that the mirror lists. */
async function lose(mirror: TestMirror, version: string): Promise<void> {
  const agent = (await agentsOf(mirror)).find((each) => each.version === version);
  await rm(join(mirror.data, blobPath(agent?.sha256 as Sha256)));
}

test("a sync publishes what is selected although a dropped tarball is gone", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await lose(mirror, "3.6.1");
  upstream.publish(newer);
  expect((await mirror.sync({ allow: ["mass-removal"] })).outcome).toBe("updated");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  await mirror.published();
});

test("a sync fetches a selected tarball again although a dropped one is gone as well", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await lose(mirror, "3.6.1");
  upstream.publish(newer);
  await mirror.sync({ allow: ["mass-removal"] });
  await lose(mirror, "3.6.2");
  expect((await mirror.sync()).outcome).toBe("unchanged");
  expect(await listed(mirror)).toEqual(["3.6.2", "3.6.3"]);
  await mirror.published();
});

test("a switch leaves a snapshot of which a tarball is gone", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  const { snapshot } = await mirror.sync();
  upstream.publish(newer);
  await mirror.sync({ allow: ["mass-removal"] });
  await lose(mirror, "3.6.3");
  const answer = await mirror.here("snapshot", "switch", snapshot as string, "--allow", "rollback");
  expect(answer).toMatchObject({ status: 0 });
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);
  await mirror.published();
});
