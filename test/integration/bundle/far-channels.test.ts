/** What an import does to the channels of the far side. */
import { chmod, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { airGap } from "../../helpers/air-gap.ts";
import { folderTree, walkTree } from "../../helpers/published.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const tree = await agedTree(["3.6.1", "3.6.2"], 1);

test.for([
  ["cut", (path: string) => truncate(path, 10)],
  ["emptied", (path: string) => truncate(path, 0)],
  ["replaced by a longer file", (path: string) => writeFile(path, Buffer.alloc(100_000))],
] as const)("a tarball that was %s comes again, in the mirror and in a channel", async ([, harm]) => {
  await using upstream = await startUpstream({ tree });
  await using gap = await airGap(upstream);
  await gap.done("near", "bundle", "create", "--to", gap.medium);
  await gap.done("far", "bundle", "import", gap.medium);
  await gap.done("far", "channel", "create", "lab", "--from", "mirror");
  await gap.done("far", "channel", "promote", "lab", "--reason", "first");
  const { data } = gap.far;
  const lab = () => walkTree(folderTree(join(data, "channels/lab/tools")));
  const before = await lab();
  const path = join(data, blobPath(before.items[0]?.sha256 as Sha256));
  await chmod(path, 0o644);
  await harm(path);
  await expect(lab()).rejects.toThrow(/sha256|bytes/);
  await gap.done("far", "bundle", "import", gap.medium);
  expect((await lab()).agents).toEqual(before.agents);
  expect((await gap.far.published()).agents).toEqual(before.agents);
  await gap.done("far", "verify", "--deep");
});

test("an import that is refused promotes to no channel", async () => {
  await using upstream = await startUpstream({ tree });
  await using gap = await airGap(upstream);
  const volumes = ["older", "newer"].map((name) => join(gap.medium, name));
  for (const folder of volumes) {
    await gap.done("near", "bundle", "create", "--to", folder);
    upstream.publish(await agedTree(["3.6.1", "3.6.2", "3.6.3"], 0.5));
    await gap.near.sync();
  }
  const [older = "", newer = ""] = volumes;
  await gap.done("far", "bundle", "import", newer);
  await gap.far.configure({ channels: { lab: { from: "mirror", promote: "auto" } } });
  const refused = await gap.far.here("bundle", "import", older, "-o", "json");
  expect([refused.status, refused.stdout]).toEqual([4, expect.stringContaining("JAM_BUNDLE_OUTDATED")]);
  const shown = async () =>
    (
      JSON.parse((await gap.done("far", "channel", "list", "-o", "json")).stdout) as {
        channels: { agents: number }[];
      }
    ).channels.map(({ agents }) => agents);
  expect(await shown()).toEqual([0]);
  await gap.done("far", "bundle", "import", newer);
  expect(await shown()).toEqual([3]);
});
