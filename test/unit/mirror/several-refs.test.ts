import { expect } from "vitest";
import { hashesOf } from "../../../src/mirror/contents.ts";
import { keptSnapshotOf } from "../../../src/mirror/kept-contents.ts";
import type { ShownRef } from "../../../src/mirror/refs.ts";
import { planRetention, type RetentionInput } from "../../../src/mirror/retention.ts";
import { firstTreeId, type Snapshot } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF, parseRefName, type RefName } from "../../../src/shared/ref-name.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { fc, test } from "../../helpers/property.ts";
import { mirrored } from "../sync/agents.ts";

const HOUR_MS = 3_600_000;
const NOW = new Date("2026-11-23T12:00:00Z");
const MANY = 12;
const REFS: readonly RefName[] = [MIRROR_REF, ...["stable", "lab", "2"].map(parseRefName)];
const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR_MS);

/** Snapshot `number`; neighbours share an agent, and each has a proof of its own. */
function snapshotOf(number: number, madeHoursAgo: number): Snapshot {
  const proof = {
    path: "streams/v1/index2.sjson",
    url: "http://sample.invalid/",
    sha256: sha256Of(`p${number}`),
  };
  return {
    id: `s${number}`,
    createdAt: hoursAgo(madeHoursAgo).toISOString(),
    upstream: { name: "sample", url: "http://sample.invalid/", verified: true, documents: [proof] },
    verbatim: { complete: true },
    agents: [mirrored(`3.6.${number}`), mirrored(`3.6.${number + 1}`)],
  };
}

/** What a ref has shown: some snapshots, in any order, each for some hours. */
const historyOf = (name: RefName): fc.Arbitrary<ShownRef | undefined> =>
  fc.option(
    fc
      .array(fc.tuple(fc.nat(MANY - 1), fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 6 })
      .map((moves) => {
        let hours = moves.reduce((sum, [, lasts]) => sum + lasts, 0);
        const order = moves.map(([number, lasts]) => {
          const since = hoursAgo(hours);
          hours -= lasts;
          return { id: `s${number}`, since };
        });
        return {
          name,
          treeId: firstTreeId(order.at(-1)?.id ?? "", name),
          order,
          withdrawn: new Set<string>(),
        };
      }),
    { nil: undefined },
  );

const worlds = fc.record({
  refs: fc.tuple(...REFS.map(historyOf)).map((refs) => refs.filter((ref) => ref !== undefined)),
  pins: fc.array(fc.nat(MANY), { maxLength: 3 }),
  kept: fc.integer({ min: 0, max: 3 }),
  graceHours: fc.integer({ min: 0, max: 12 }),
  quota: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }),
});

test.prop([worlds])("no ref loses what it shows, or what its clients may still be fetching", (world) => {
  const snapshots = Array.from({ length: MANY }, (_, number) => snapshotOf(number, 10 * (MANY - number)));
  const pinned = world.pins.map((number) => mirrored(`3.6.${number}`).sha256);
  const trees = snapshots.flatMap(({ id }) => REFS.map((ref) => firstTreeId(id, ref)));
  const input: RetentionInput = {
    snapshots: snapshots.map(keptSnapshotOf),
    refs: world.refs,
    trees,
    blobs: snapshots.flatMap(({ agents }) =>
      agents.map(({ sha256, size }) => ({ sha256, size, storedAt: hoursAgo(1000) })),
    ),
    proofs: snapshots.map((_, number) => sha256Of(`p${number}`)),
    accepted: new Set(),
    pinned: new Set(pinned),
    rules: { snapshots: world.kept, graceMs: world.graceHours * HOUR_MS, quota: world.quota },
    now: NOW,
  };
  const plan = planRetention(input);
  const deleted = new Set<string>([...plan.blobs.map(({ sha256 }) => sha256), ...plan.proofs]);

  // Said once more, without the code under test: a snapshot stays for a ref until its next one is old enough.
  const due = world.refs.flatMap(({ order }) =>
    order.filter((_, position) => {
      const next = order[position + 1];
      return next === undefined || NOW.getTime() - next.since.getTime() < input.rules.graceMs;
    }),
  );
  const needed = snapshots.filter(({ id }) => due.some((one) => one.id === id));
  expect(plan.snapshots.filter((id) => due.some((one) => one.id === id))).toEqual([]);
  expect([...hashesOf(needed)].filter((sha256) => deleted.has(sha256))).toEqual([]);
  expect(pinned.filter((sha256) => deleted.has(sha256))).toEqual([]);
  expect(world.refs.filter(({ treeId }) => plan.trees.includes(treeId))).toEqual([]);
  // Nothing that stays rests on something that goes.
  const staying = snapshots.filter(({ id }) => !plan.snapshots.includes(id));
  expect([...hashesOf(staying)].filter((sha256) => deleted.has(sha256))).toEqual([]);
});
