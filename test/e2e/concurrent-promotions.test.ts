/** Promotions at the same time as others and as syncs, prunes and rollbacks: one wins, the others are told who has it. */
import { readFileSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ChannelEntry } from "../../src/channel/history-document.ts";
import { snapshotIdOf } from "../../src/mirror/snapshot.ts";
import type { Finished } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import type { RunningJam } from "../helpers/running-jam.ts";
import { byTier } from "../helpers/tier.ts";
import { agedTree, startUpstream } from "../helpers/upstream.ts";

const older = await agedTree(["3.6.1", "3.6.2"], 3);
const newer = await agedTree(["3.6.1", "3.6.2", "3.6.3"], 2);

const PROMOTE = ["channel", "promote", "lab", "--reason", "test"];
const ROLLBACK = ["channel", "rollback", "lab", "--reason", "test"];

/** A mirror of two snapshots whose channel shows the first one: a promotion has something to do. */
async function withPromotionDue(upstream: Awaited<ReturnType<typeof startUpstream>>): Promise<TestMirror> {
  upstream.publish(older);
  const mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror" } },
    retention: { grace: "PT0S" },
  });
  await mirror.sync();
  expect(await mirror.here(...PROMOTE)).toMatchObject({ status: 0 });
  upstream.publish(newer);
  await mirror.sync();
  return mirror;
}

/** Starts a command and stops it at a moment at which it has the writer's place. */
async function stoppedWhileWriting(mirror: TestMirror, args: readonly string[]): Promise<RunningJam> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const run = mirror.start(args);
    const end = { isReached: false };
    void run.finished.then(() => (end.isReached = true));
    while (!end.isReached && writerOf(mirror) !== run.pid) await setImmediate();
    run.kill("SIGSTOP");
    if (!end.isReached && writerOf(mirror) === run.pid) return run;
    run.kill("SIGCONT");
    await run.finished;
  }
  throw new Error(`${args.join(" ")} was never seen writing`);
}

function writerOf({ data }: TestMirror): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(data, "lock.json"), "utf8")) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

async function historyOf(mirror: TestMirror): Promise<ChannelEntry[]> {
  const { stdout } = await mirror.here("channel", "history", "lab", "-o", "json");
  return (JSON.parse(stdout) as { history: ChannelEntry[] }).history;
}

/** The history is whole, its last entry is what the channel shows, and all of that is held. */
async function expectConsistent(mirror: TestMirror): Promise<ChannelEntry[]> {
  const history = await historyOf(mirror);
  const target = await readlink(join(mirror.data, "refs/lab"));
  expect(snapshotIdOf(target.slice(target.lastIndexOf("/") + 1))).toBe(history.at(-1)?.to);
  const verified = await mirror.here("verify");
  expect(verified, verified.stdout).toMatchObject({ status: 0 });
  return history;
}

test.each([
  ["a promotion", PROMOTE, "jam channel promote", PROMOTE],
  ["a sync", ["sync"], "jam sync", PROMOTE],
  ["a prune", ["prune"], "jam prune", PROMOTE],
  ["a rollback", ROLLBACK, "jam channel rollback", PROMOTE],
  ["a promotion before a sync", PROMOTE, "jam channel promote", ["sync"]],
])(
  "while %s writes, the other command ends with 6, names it, and changes nothing",
  async (_what, holder, name, other) => {
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await withPromotionDue(upstream);
    if (holder === ROLLBACK) await mirror.here(...PROMOTE);
    const before = await historyOf(mirror);
    const first = await stoppedWhileWriting(mirror, holder);
    try {
      const { status, stdout, stderr } = await mirror.jam(...other);
      expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
      expect(stderr).toContain("JAM_STORE_LOCKED");
      expect(stderr).toContain(name);
      expect(stderr).toContain(String(first.pid));
      const [known, ...entries] = [before.length, ...(await historyOf(mirror))];
      expect(entries.slice(0, known)).toEqual(before);
    } finally {
      first.kill("SIGCONT");
    }
    expect(await first.finished).toMatchObject({ status: 0 });
    const history = await expectConsistent(mirror);
    expect(history.length - before.length).toBeLessThanOrEqual(1);
  },
);

test("of everything at once, each command wins or is told, and the history has exactly the winners", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await withPromotionDue(upstream);
  for (let round = 0; round < byTier({ quick: 1, all: 5 }); round += 1) {
    const before = await historyOf(mirror);
    const commands = [PROMOTE, ROLLBACK, PROMOTE, ["sync"], ["prune"], PROMOTE];
    const ended = await Promise.all(commands.map((args) => mirror.start(args).finished));
    const told = ended.filter(({ status }) => status === 6);
    for (const { stderr } of told) expect(stderr).toContain("JAM_STORE_LOCKED");
    // A rollback that comes when there is nothing before is told that.
    const others = ended.filter((end) => end.status !== 6);
    expect(others.map(({ status }) => status).filter((status) => status !== 0 && status !== 5)).toEqual([]);
    const moved = others.filter(isMove).length;
    const history = await expectConsistent(mirror);
    expect(history.length - before.length).toBe(moved);
    expect(history.slice(0, before.length)).toEqual(before);
  }
});

/** What the command says that moved the channel. */
function isMove({ status, stdout }: Finished): boolean {
  return status === 0 && /^lab shows \S+ now\.$/m.test(stdout);
}
