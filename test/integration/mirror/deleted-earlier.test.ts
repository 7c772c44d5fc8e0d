/** A snapshot that is deleted leaves the published trees in which its files were kept for its clients. */
import { expect, test } from "vitest";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const [older, newer] = await Promise.all([agedTree(["3.6.1"], 2), agedTree(["3.6.1", "3.6.2"], 1)]);

test.for([
  ["the mirror has been switched back from", false],
  ["a channel has been rolled back from", true],
] as const)("one that %s", async ([, hasChannel]) => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { retention: { grace: "PT0S", maxRemoval: "100%" } });
  const done = async (...args: string[]) => expect(await mirror.here(...args)).toMatchObject({ status: 0 });
  const promote = () => done("channel", "promote", "lab", "--reason", "x");
  const first = await mirror.sync();
  if (hasChannel) await done("channel", "create", "lab", "--from", "mirror");
  if (hasChannel) await promote();
  upstream.publish(newer);
  const second = await mirror.sync();
  if (hasChannel) await promote();
  if (hasChannel) await done("channel", "rollback", "lab", "--reason", "x");
  await done("snapshot", "switch", first.snapshot ?? "", "--allow", "rollback");
  await done("snapshot", "delete", second.snapshot ?? "");
  const verified = await mirror.here("verify", "--deep", "-o", "json");
  expect([verified.status, (JSON.parse(verified.stdout) as { findings: unknown }).findings]).toEqual([0, []]);
});
