import { describe, expect, test } from "vitest";
import { MIRROR_REF, type RefName } from "../../../src/shared/ref-name.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import type { Agent } from "../../../src/juju/agent.ts";
import type { ShownRef } from "../../../src/mirror/refs.ts";
import { gracedIn, planRetention, type RetentionInput } from "../../../src/mirror/retention.ts";
import { keptSnapshotOf, type KeptSnapshot } from "../../../src/mirror/kept-contents.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { mirrored } from "../sync/agents.ts";

const HOUR_MS = 3_600_000;
const NOW = new Date("2026-11-23T12:00:00Z");
const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR_MS);

type Sample = Snapshot & KeptSnapshot;

function snapshot(id: string, madeHoursAgo: number, versions: readonly string[]): Sample {
  const agents = versions.map((version) => mirrored(version));
  const envelope = {
    id,
    createdAt: hoursAgo(madeHoursAgo).toISOString(),
    upstream: { name: "sample", url: "http://sample.invalid/", verified: true, documents: [] },
    verbatim: { complete: true } as const,
  };
  return { ...keptSnapshotOf({ ...envelope, agents }), agents };
}

const blobOf = ({ sha256, size }: Agent, storedHoursAgo = 1) => ({
  sha256,
  size,
  storedAt: hoursAgo(storedHoursAgo),
});

/** The mirror's ref, which has shown these snapshots. */
function shows(snapshots: readonly Snapshot[], treeId = snapshots.at(-1)?.id ?? ""): ShownRef {
  const order = snapshots.map(({ id, createdAt }) => ({ id, since: new Date(createdAt) }));
  return { name: MIRROR_REF, treeId, order, withdrawn: new Set() };
}

function plan(
  changes: Partial<Omit<RetentionInput, "snapshots">> & { readonly snapshots: readonly Sample[] },
) {
  return planRetention({
    refs: [shows(changes.snapshots)],
    trees: changes.snapshots.map(({ id }) => id),
    blobs: changes.snapshots.flatMap(({ agents }) => agents.map((agent) => blobOf(agent))),
    proofs: [],
    accepted: new Set(),
    pinned: new Set(),
    rules: { snapshots: 1, graceMs: 6 * HOUR_MS, quota: undefined },
    now: NOW,
    ...changes,
  });
}

const three = [snapshot("a", 30, ["3.6.1"]), snapshot("b", 20, ["3.6.2"]), snapshot("c", 10, ["3.6.3"])];

describe("retention", () => {
  test("keeps the current snapshot, the asked number before it, and the tarballs of those", () => {
    const { snapshots, trees, blobs } = plan({ snapshots: three });
    expect(snapshots).toEqual(["a"]);
    expect(trees).toEqual(["a", "b"]);
    expect(blobs.map(({ sha256 }) => sha256)).toEqual([mirrored("3.6.1").sha256]);
  });

  test.for([
    ["is refused since longer than the grace", 7, true],
    ["is refused since a shorter time", 5, false],
    ["only waits for a run that was cut short", undefined, false],
  ] as const)("a tarball that nothing lists and that %s goes: %s", ([, hours, goes]) => {
    const orphan = blobOf(mirrored("9.9.9"), 8);
    const refused = new Map(hours === undefined ? [] : [[orphan.sha256, hoursAgo(hours)]]);
    const { blobs } = plan({ snapshots: three.slice(2), blobs: [orphan], refused });
    expect(blobs).toEqual(goes ? [orphan] : []);
    const pinned = new Set<string>([orphan.sha256]);
    expect(plan({ snapshots: three.slice(2), blobs: [orphan], refused, pinned }).blobs).toEqual([]);
  });

  test.for([
    ["was listed by a deleted snapshot after it came", 8, 5, true],
    ["was fetched again since", 4, 5, false],
    ["was never listed", 8, undefined, false],
  ] as const)("a tarball that no snapshot lists and that %s goes: %s", ([, stored, listed, goes]) => {
    const tarball = blobOf(mirrored("9.9.9"), stored);
    const deletedListings = new Map(
      listed === undefined ? [] : [[tarball.sha256, hoursAgo(listed).toISOString()]],
    );
    const { blobs } = plan({ snapshots: three.slice(2), blobs: [tarball], deletedListings });
    expect(blobs).toEqual(goes ? [tarball] : []);
  });

  test("a snapshot that was never shown, for its run was killed, takes nobody's place", () => {
    const [a, b, c] = three as [Sample, Sample, Sample];
    const killed = snapshot("killed", 15, ["3.6.3"]);
    const snapshots = [a, b, killed, c];
    expect(plan({ snapshots, refs: [shows([a, b, c])] }).snapshots).toEqual(["a", "killed"]);
  });

  test("keeps trees and snapshots that were replaced within the grace period, beyond the number", () => {
    const late = [snapshot("a", 30, ["3.6.1"]), snapshot("b", 4, ["3.6.2"]), snapshot("c", 2, ["3.6.3"])];
    expect(plan({ snapshots: late })).toMatchObject({ snapshots: [], trees: [], blobs: [] });
  });

  test("grace runs from the replacement, not from the making", () => {
    const ref = shows([snapshot("old", 1000, []), snapshot("new", 5, [])]);
    const graceMs = 6 * HOUR_MS;
    expect(gracedIn(ref, { graceMs, now: NOW })).toEqual(new Set(["old"]));
    expect(gracedIn(ref, { graceMs, now: hoursAgo(-2) })).toEqual(new Set());
  });

  test("a quota lets older snapshots go first, never the current one", () => {
    const rules = { snapshots: 20, graceMs: 0, quota: 1 };
    expect(plan({ snapshots: three, rules }).snapshots).toEqual(["a", "b"]);
  });

  test("verified tarballs that no snapshot lists wait a week for a run that needs them", () => {
    const [fresh, stale] = [mirrored("9.9.1"), mirrored("9.9.2")];
    const blobs = [blobOf(fresh, 24), blobOf(stale, 24 * 8)];
    expect(plan({ snapshots: three, blobs }).blobs.map(({ sha256 }) => sha256)).toEqual([stale.sha256]);
  });

  test("proofs stay while a kept snapshot or the record of accepted documents needs them", () => {
    const proofs = ["a", "b", "c"].map((letter) => letter.repeat(64));
    const proven: Sample = {
      ...(three[2] as Sample),
      upstream: {
        ...(three[2] as Snapshot).upstream,
        documents: [{ path: "streams/v1/index2.sjson", url: "http://x/", sha256: proofs[0] as Sha256 }],
      },
    };
    const accepted = new Set([proofs[1] as string]);
    expect(plan({ snapshots: [proven], proofs, accepted }).proofs).toEqual([proofs[2]]);
  });

  test("a tree that was built again for the current snapshot is not of another", () => {
    const trees = ["a", "b", "c", "c~2"];
    expect(plan({ snapshots: three, trees, refs: [shows(three, "c~2")] }).trees).toEqual(["a", "b", "c"]);
  });

  test("keeps what is pinned, however old, and does not count it", () => {
    const { snapshots } = plan({ snapshots: three, pinnedSnapshots: new Set(["a"]) });
    expect(snapshots).toEqual([]);
    const rules = { snapshots: 20, graceMs: 0, quota: 1 };
    expect(plan({ snapshots: three, pinnedSnapshots: new Set(["a"]), rules }).snapshots).toEqual(["b"]);
  });

  test("drops what is older than the limit, and says why each snapshot and tarball goes", () => {
    const rules = { snapshots: 20, graceMs: 6 * HOUR_MS, quota: undefined, ageMs: 25 * HOUR_MS };
    const { snapshots, reasons, held } = plan({ snapshots: three, rules });
    expect(snapshots).toEqual(["a"]);
    expect(reasons.get("a")).toContain("retention.age");
    expect(reasons.get(mirrored("3.6.1").sha256)).toContain("only snapshots that are deleted list it");
    expect(held).toBe(3);
  });

  test("deletes what is asked for, unless something shows it", () => {
    const rules = { snapshots: 20, graceMs: 0, quota: undefined };
    expect(plan({ snapshots: three, rules, unwanted: new Set(["b", "c"]) }).snapshots).toEqual(["b"]);
  });

  test("a mirror that moves often takes nothing from a channel that moves seldom", () => {
    const channel = {
      ...shows([three[0], three[1]].filter((one) => one !== undefined)),
      name: "prod" as RefName,
      treeId: "b~prod~1",
    };
    const many = [...three, ...[9, 8, 7].map((hours) => snapshot(`d${10 - hours}`, hours, ["3.6.9"]))];
    const mirror = shows(many.slice(2));
    const { snapshots } = plan({
      snapshots: many,
      refs: [mirror, channel],
      rules: { snapshots: 1, graceMs: 0, quota: undefined },
    });
    expect(snapshots).toEqual(["c", "d1"]);
  });

  test("parts of tarballs that no run has resumed for a week go", () => {
    const staged = [1, 200].map((hours) => ({
      sha256: mirrored(`3.6.${hours}`).sha256,
      received: 5,
      changedAt: hoursAgo(hours),
    }));
    expect(plan({ snapshots: three, staged }).partial).toEqual(staged.slice(1));
  });
});
