/** A damaged tarball that trees have only for clients of earlier snapshots leaves them when it is fetched again. */
import { appendFile, chmod, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const [first, second, third] = await Promise.all([
  agedTree(["3.6.1", "3.6.2"], 3),
  agedTree(["3.6.2"], 2),
  agedTree(["3.6.1", "3.6.2", "3.6.3"], 1),
]);

const cut = (path: string) => truncate(path, 10);
const grow = (path: string) => appendFile(path, "x");

test.for([
  ["cut, in the tree of a channel", cut, true, "sync"],
  ["grown, in the tree of a channel", grow, true, "sync"],
  ["grown, in the tree of the mirror", grow, false, "sync"],
  ["cut, in both, and a repair fetches it", cut, true, "repair"],
] as const)("%s", async ([, harm, hasChannel, by]) => {
  await using upstream = await startUpstream({ tree: first });
  await using mirror = await temporaryMirror(upstream, { retention: { grace: "PT6H", maxRemoval: "100%" } });
  const done = async (...args: string[]) => expect(await mirror.here(...args)).toMatchObject({ status: 0 });
  const promote = async () => {
    if (hasChannel) await done("channel", "promote", "lab", "--reason", "x");
  };
  await mirror.sync();
  if (hasChannel) await done("channel", "create", "lab", "--from", "mirror");
  await promote();
  upstream.publish(second);
  await mirror.sync();
  await promote();
  const item = first.listings.find(({ version }) => version === "3.6.1")?.item;
  const blob = join(mirror.data, blobPath(item?.sha256 as Sha256));
  await chmod(blob, 0o644);
  await harm(blob);
  upstream.publish(third);
  await done(by);
  const verified = await mirror.here("verify", "--deep", "-o", "json");
  expect([verified.status, (JSON.parse(verified.stdout) as { findings: unknown }).findings]).toEqual([0, []]);
});
