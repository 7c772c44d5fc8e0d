import { describe, expect, test } from "vitest";
import { keptSnapshotOf, type KeptSnapshot } from "../../../src/mirror/kept-contents.ts";
import type { ShownRef } from "../../../src/mirror/refs.ts";
import { planRetention } from "../../../src/mirror/retention.ts";
import type { ChannelRetention } from "../../../src/mirror/retention-claims.ts";
import { MIRROR_REF, parseRefName } from "../../../src/shared/ref-name.ts";
import { mirrored } from "../sync/agents.ts";

const DAY_MS = 86_400_000;
const NOW = new Date("2026-11-23T12:00:00Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

/** One tarball each, of one size. */
function snapshot(id: string, days: number): KeptSnapshot {
  return keptSnapshotOf({
    id,
    createdAt: daysAgo(days).toISOString(),
    upstream: { name: "sample", url: "http://sample.invalid/", verified: true, documents: [] },
    verbatim: { complete: true },
    agents: [mirrored(`3.6.${days}`)],
  });
}

/** Bytes of the tarballs of the newest so many. */
const sizeOfNewest = (count: number): number =>
  [5, 10, 20, 30, 40, 50].slice(0, count).reduce((sum, days) => sum + mirrored(`3.6.${days}`).size, 0);
/** `s50` was made 50 days ago. */
const ALL = [50, 40, 30, 20, 10, 5].map((days) => snapshot(`s${days}`, days));

function ref(name: string, ids: readonly string[]): ShownRef {
  const order = ids.map((id) => ({ id, since: daysAgo(Number(id.slice(1))) }));
  const last = ids.at(-1) ?? "";
  const treeId = name === "mirror" ? last : `${last}~${name}~1`;
  return { name: name === "mirror" ? MIRROR_REF : parseRefName(name), treeId, order, withdrawn: new Set() };
}

const IDS = ALL.map(({ id }) => id);

function dropped(
  channels: Record<string, ChannelRetention> | undefined,
  {
    refs = [ref("prod", IDS)],
    pinned = [],
    ageMs,
    quota,
  }: {
    readonly refs?: readonly ShownRef[];
    readonly pinned?: readonly string[];
    readonly ageMs?: number;
    readonly quota?: number;
  } = {},
): Record<string, string> {
  const plan = planRetention({
    snapshots: ALL,
    refs,
    trees: [],
    blobs: [],
    proofs: [],
    accepted: new Set(),
    pinned: new Set(),
    pinnedSnapshots: new Set(pinned),
    rules: { snapshots: 20, graceMs: 0, ageMs, quota, channels },
    now: NOW,
  });
  return Object.fromEntries(plan.reasons);
}

describe("limits of a channel", () => {
  test("by number: what was shown longest ago goes, with the name of the channel", () => {
    const reason = "more than 2 earlier ones of the channel prod (channels.prod.retention.snapshots)";
    expect(dropped({ prod: { snapshots: 2 } })).toEqual({ s50: reason, s40: reason, s30: reason });
    // Another channel's limits are not its.
    expect(dropped({ lab: { snapshots: 2 } })).toEqual({});
  });

  test("by age", () => {
    const reason = "too old for the channel prod (channels.prod.retention.age)";
    expect(dropped({ prod: { ageMs: 25 * DAY_MS } })).toEqual({ s50: reason, s40: reason, s30: reason });
  });

  test("by size: the oldest go until the rest fits, what is shown counts and stays", () => {
    const reason = "the tarballs of the channel prod exceed channels.prod.retention.quota";
    expect(dropped({ prod: { quota: sizeOfNewest(4) } })).toEqual({ s50: reason, s40: reason });
    expect(Object.keys(dropped({ prod: { quota: 1 } }))).toEqual(["s50", "s40", "s30", "s20", "s10"]);
    expect(dropped({ prod: { quota: sizeOfNewest(6) } })).toEqual({});
  });

  test("together: each snapshot has the reason of the limit that it exceeds first", () => {
    const both = dropped({ prod: { snapshots: 4, ageMs: 35 * DAY_MS, quota: sizeOfNewest(3) } });
    expect(both).toEqual({
      s50: "more than 4 earlier ones of the channel prod (channels.prod.retention.snapshots)",
      s40: "too old for the channel prod (channels.prod.retention.age)",
      s30: "the tarballs of the channel prod exceed channels.prod.retention.quota",
    });
  });

  test("a limit that is absent is that of the mirror", () => {
    expect(dropped({ prod: { snapshots: 10 } }, { ageMs: 25 * DAY_MS })).toEqual({
      s50: "too old for the channel prod (retention.age)",
      s40: "too old for the channel prod (retention.age)",
      s30: "too old for the channel prod (retention.age)",
    });
  });

  test("pins win", () => {
    const left = dropped({ prod: { snapshots: 1 } }, { pinned: ["s50", "s20"] });
    expect(Object.keys(left)).toEqual(["s40", "s30"]);
  });

  test("what another channel or the mirror wants stays; else the reasons of all are named", () => {
    const limits = { prod: { snapshots: 1 }, lab: { ageMs: 15 * DAY_MS } };
    const refs = [ref("prod", IDS), ref("lab", ["s30", "s10", "s5"])];
    expect(Object.keys(dropped(limits, { refs }))).toEqual(["s50", "s40", "s30", "s20"]);
    expect(dropped(limits, { refs })["s30"]).toBe(
      "more than 1 earlier ones of the channel prod (channels.prod.retention.snapshots); too old for the channel lab (channels.lab.retention.age)",
    );
    expect(Object.keys(dropped(limits, { refs: [...refs, ref("mirror", ["s40", "s5"])] }))).toEqual([
      "s50",
      "s30",
      "s20",
    ]);
  });

  test("without any, the last three stay whatever the limits of the mirror are, the quota too", () => {
    expect(Object.keys(dropped(undefined, { ageMs: DAY_MS }))).toEqual(["s50", "s40"]);
    expect(Object.keys(dropped(undefined, { quota: 1 }))).toEqual(["s50", "s40"]);
    expect(Object.keys(dropped({ prod: { snapshots: 5 } }, { quota: 1 }))).toEqual([
      "s50",
      "s40",
      "s30",
      "s20",
      "s10",
    ]);
  });

  test("what rollbacks lead to stays before what was shown in between", () => {
    // s40 and s50 were promoted; rollbacks and withdrawals made all others since.
    const prod = { ...ref("prod", IDS), rollbacks: ["s50"] };
    expect(Object.keys(dropped(undefined, { refs: [prod], ageMs: DAY_MS }))).toEqual(["s40", "s30"]);
    expect(Object.keys(dropped({ prod: { snapshots: 1 } }, { refs: [prod] }))).toEqual([
      "s40",
      "s30",
      "s20",
      "s10",
    ]);
    expect(Object.keys(dropped(undefined, { refs: [{ ...prod, rollbacks: [] }], ageMs: DAY_MS }))).toEqual([
      "s50",
      "s40",
    ]);
  });
});
