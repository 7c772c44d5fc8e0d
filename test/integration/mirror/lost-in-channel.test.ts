/** A tarball that only a channel lists, and that nothing can fetch again, stops no sync of the mirror. */
import { chmod, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { folderTree, walkTree } from "../../helpers/published.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const [older, newer] = await Promise.all([agedTree(["3.6.1", "3.6.2"], 2), agedTree(["3.6.2", "3.6.3"], 1)]);

async function cut(path: string): Promise<void> {
  await chmod(path, 0o644);
  await truncate(path, 10);
}

test.for([
  ["is missing", rm, ["3.6.3"]],
  ["is cut", cut, ["3.6.3"]],
  ["is missing", rm, ["3.6.2", "3.6.3"]],
] as const)("one that %s, and others of the mirror too", async ([, harm, alsoLost]) => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { retention: { maxRemoval: "100%" } });
  await mirror.sync();
  await mirror.here("channel", "create", "lab", "--from", "mirror");
  await mirror.here("channel", "promote", "lab", "--reason", "x");
  upstream.publish(newer);
  await mirror.sync();
  const { items } = await mirror.published();
  const lab = () => walkTree(folderTree(join(mirror.data, "channels/lab/tools")));
  const lose = (version: string) => {
    const item = [...older.listings, ...newer.listings].find((one) => one.version === version)?.item;
    return harm(join(mirror.data, blobPath(item?.sha256 as Sha256)));
  };
  for (const version of ["3.6.1", ...alsoLost]) await lose(version);
  expect(await mirror.here("sync")).toMatchObject({ status: 0 });
  expect((await mirror.published()).items).toEqual(items);
  expect((await lab()).agents).toEqual(["3.6.2-ubuntu-amd64"]);
  // Once upstream has it again, a repair brings it back.
  upstream.publish(older);
  expect(await mirror.here("repair")).toMatchObject({ status: 0 });
  expect((await lab()).agents).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
});

test("one that is missing when the channel's tree is built without what its earlier snapshots needed", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { retention: { maxRemoval: "100%", grace: "PT1H" } });
  const { snapshot } = await mirror.sync();
  await mirror.here("channel", "create", "lab", "--from", "mirror");
  await mirror.here("channel", "promote", "lab", "--reason", "x");
  upstream.publish(newer);
  await mirror.sync();
  await mirror.here("channel", "promote", "lab", "--reason", "x");
  await mirror.here("channel", "promote", "lab", "--snapshot", snapshot ?? "", "--reason", "x");
  const item = older.listings.find((one) => one.version === "3.6.1")?.item;
  await rm(join(mirror.data, blobPath(item?.sha256 as Sha256)));
  await mirror.configure({ retention: { maxRemoval: "100%", grace: "PT0S" } });
  expect(await mirror.here("prune")).toMatchObject({ status: 0 });
  const { agents } = await walkTree(folderTree(join(mirror.data, "channels/lab/tools")));
  expect(agents).toEqual(["3.6.2-ubuntu-amd64"]);
});

test.for([
  ["is missing", rm],
  ["is cut", cut],
] as const)("one that %s does not keep another version from being withdrawn", async ([, harm]) => {
  await using upstream = await startUpstream({ tree: await agedTree(["3.6.1", "3.6.2", "3.6.3"], 1) });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await mirror.here("channel", "create", "lab", "--from", "mirror");
  await mirror.here("channel", "promote", "lab", "--reason", "x");
  const item = upstream.tree.listings.find((one) => one.version === "3.6.1")?.item;
  await harm(join(mirror.data, blobPath(item?.sha256 as Sha256)));
  const withdrawn = await mirror.here("channel", "withdraw", "lab", "3.6.2", "--reason", "CVE");
  expect(withdrawn).toMatchObject({ status: 0 });
  const { agents } = await walkTree(folderTree(join(mirror.data, "channels/lab/tools")));
  expect(agents).toEqual(["3.6.3-ubuntu-amd64"]);
});
