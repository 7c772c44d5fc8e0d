/** A delay that is set for the first time counts from when the mirror first listed an agent, whatever was deleted since. */
import { expect, test } from "vitest";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const DAY_MS = 86_400_000;
const [older, newer, newest] = await Promise.all([
  agedTree(["3.6.1"], 5),
  agedTree(["3.6.1", "3.6.2"], 4),
  agedTree(["3.6.1", "3.6.2", "3.6.3"], 1),
]);

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

test.for([
  ["the sync that reads it deletes the first snapshot", "sync"],
  ["`jam prune` has deleted the first snapshot before", "prune"],
  ["somebody has deleted the first snapshot before", "delete"],
] as const)("%s", async ([, by]) => {
  await using upstream = await startUpstream({ tree: older });
  const all = { snapshots: 20, grace: "PT0S", maxRemoval: "100%" };
  const few = { retention: { ...all, snapshots: 1 } };
  await using mirror = await temporaryMirror(upstream, { retention: all });
  const done = async (...args: string[]) => expect(await mirror.here(...args)).toMatchObject({ status: 0 });
  const first = await mirror.sync({ at: daysAgo(3) });
  upstream.publish(newer);
  await mirror.sync({ at: daysAgo(1) });
  if (by === "prune") {
    upstream.publish(newest);
    await mirror.sync({ at: daysAgo(0.5) });
    await mirror.configure(few);
    await done("prune");
  }
  if (by === "delete") await done("snapshot", "delete", first.snapshot ?? "");
  await mirror.configure({
    ...few,
    channels: { lab: { from: "mirror", delay: "P2D", promote: "auto" } },
  });
  upstream.publish(newest);
  await mirror.sync();
  const { stdout } = await mirror.here("snapshot", "list", "-o", "json");
  expect(stdout).not.toContain(`"id": "${first.snapshot}"`);
  const shown = await mirror.here("channel", "show", "lab", "-o", "json");
  expect(JSON.parse(shown.stdout)).toMatchObject({ agentNames: ["3.6.1-ubuntu-amd64"] });
});
