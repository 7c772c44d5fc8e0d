import { expect, test } from "vitest";
import type { Agent } from "../../../src/juju/agent.ts";
import type { Offer } from "../../../src/mirror/offer.ts";
import { awayUpstreams, shownOffer } from "../../../src/mirror/shown-offer.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";

const agent = (version: string, changes: Partial<Agent> = {}): Agent => ({
  version,
  release: "ubuntu",
  arch: "amd64",
  path: `agent/${version}.tgz`,
  size: 1,
  sha256: sha256Of(changes.path ?? version),
  listings: [],
  ...changes,
});

const NONE: ReadonlySet<string> = new Set();
const ALL: ReadonlySet<string> = new Set(["sample"]);

const offerOf = (agents: readonly Agent[], changes: Partial<Offer> = {}): Offer => ({
  changedAt: "2026-01-02T00:00:00.000Z",
  upstream: { name: "sample", url: "http://sample/", verified: true, documents: [] },
  verbatim: { complete: true },
  agents,
  ...changes,
});

const heldOf = (agents: readonly Agent[], createdAt = "2026-01-01T00:00:00.000Z"): Snapshot => ({
  id: "20260101T000000Z-00000000",
  createdAt,
  upstream: { name: "other", url: "http://other/", verified: true, documents: [] },
  verbatim: { complete: false, reason: "an import" },
  agents,
});

const [a, b, c] = [agent("3.6.1"), agent("3.6.2"), agent("3.6.3")];
const only = (...agents: readonly Agent[]) => {
  const held = new Set(agents.map(({ sha256 }) => sha256));
  return (sha256: Agent["sha256"]) => held.has(sha256);
};
const versionsOf = (shown: ReturnType<typeof shownOffer>) =>
  shown?.snapshot.agents.map(({ version }) => version);

test("lists the offer and what else is held, once each, while upstream answers", () => {
  const shown = shownOffer({
    held: heldOf([a, c]),
    offer: offerOf([b, a]),
    away: NONE,
    isHeld: only(a, c),
  });
  expect(versionsOf(shown)).toEqual(["3.6.1", "3.6.2", "3.6.3"]);
  expect(shown?.hidden).toEqual([]);
  expect(shown?.snapshot.verbatim).toEqual({ complete: true });
  expect(shown?.snapshot.earlierProofs).toHaveLength(1);
});

test("lists what is in the store, wherever it came from, while upstream is away", () => {
  const shown = shownOffer({
    held: heldOf([a]),
    offer: offerOf([b, c]),
    away: ALL,
    isHeld: only(a, c),
  });
  expect(versionsOf(shown)).toEqual(["3.6.1", "3.6.3"]);
  expect(shown?.hidden).toEqual([b]);
  expect(shown?.snapshot.verbatim).toEqual({
    complete: false,
    reason: "1 of 3 agents are not held, and upstream cannot be reached",
  });
});

test("keeps the verbatim face while upstream is away and everything is held", () => {
  const shown = shownOffer({
    held: undefined,
    offer: offerOf([a, b]),
    away: ALL,
    isHeld: only(a, b),
  });
  expect(shown?.snapshot.verbatim).toEqual({ complete: true });
});

test("the same list has the same id, and another list or another offer has another one", () => {
  const idOf = (offer: Offer, isAll = true) =>
    shownOffer({ held: heldOf([a]), offer, away: isAll ? NONE : ALL, isHeld: only(a) })?.snapshot.id;
  expect(idOf(offerOf([b, a]))).toBe(idOf(offerOf([b, a])));
  const changed = { changedAt: "2026-01-02T00:00:01.000Z" };
  const ids = [
    idOf(offerOf([b])),
    idOf(offerOf([b]), false),
    idOf(offerOf([c])),
    idOf(offerOf([b], changed)),
  ];
  expect(new Set(ids).size).toBe(4);
});

test.for([
  ["the name of an offered one", agent("3.6.2", { path: "agent/other.tgz" })],
  ["the path of an offered one with other bytes", agent("3.6.9", { path: b.path, sha256: a.sha256 })],
  ["a path below that of an offered one", agent("3.6.9", { path: `${b.path}/x` })],
] as const)("the offer wins over a held agent with %s", ([, held]) => {
  const shown = shownOffer({
    held: heldOf([held]),
    offer: offerOf([b]),
    away: NONE,
    isHeld: () => true,
  });
  expect(shown?.snapshot.agents).toEqual([b]);
});

test("two held agents of one tarball are both listed", () => {
  const twin = agent("3.6.4", { path: b.path, sha256: b.sha256 });
  const shown = shownOffer({
    held: heldOf([twin]),
    offer: offerOf([b]),
    away: NONE,
    isHeld: () => true,
  });
  expect(versionsOf(shown)).toEqual(["3.6.2", "3.6.4"]);
});

test("without an offer the held snapshot is listed as it is", () => {
  const held = heldOf([a]);
  const nothing = { offer: undefined, away: NONE, isHeld: () => false };
  expect(shownOffer({ held, ...nothing })?.snapshot).toBe(held);
  expect(shownOffer({ held: undefined, ...nothing })).toBeUndefined();
});

test("only what the upstream offers that is away is hidden", () => {
  const shown = shownOffer({
    held: undefined,
    offer: offerOf([a, b, c], {
      others: [{ upstream: "lab", agents: ["3.6.2-ubuntu-amd64", "3.6.3-ubuntu-amd64"] }],
    }),
    away: new Set(["lab"]),
    isHeld: only(c),
  });
  expect(versionsOf(shown)).toEqual(["3.6.1", "3.6.3"]);
  expect(shown?.hidden).toEqual([b]);
});

const away = (since: string) => ({ since, code: "JAM_UPSTREAM_TIMEOUT", message: "" }) as const;
const now = new Date("2026-01-01T12:01:00Z");

test.for([
  [undefined, 0, false],
  ["12:00:00", 0, true],
  ["12:00:00", 61_000, false],
  ["12:00:00", 60_000, true],
] as const)("away since %s with a patience of %d ms: out of reach is %s", ([since, staleMs, expected]) => {
  const trouble = since === undefined ? {} : { away: away(`2026-01-01T${since}Z`) };
  const reach = { refreshedAt: "2026-01-01T12:01:00Z", ...trouble };
  const isAway = (of: typeof reach | undefined) =>
    awayUpstreams(offerOf([a]), of, { now, rules: { staleMs } }).size > 0;
  expect(isAway(reach)).toBe(expected);
  expect(isAway(undefined)).toBe(false);
});

test("each upstream has its own patience, and that of the cache where it has none", () => {
  const refreshedAt = "2026-01-01T12:01:00Z";
  const upstreams = ["sample", "lab", "third"].map((name) => ({
    name,
    refreshedAt,
    away: away("2026-01-01T12:00:00Z"),
  }));
  const offer = offerOf([a], {
    others: [
      { upstream: "lab", agents: [] },
      { upstream: "third", agents: [] },
    ],
  });
  const rules = { staleMs: 60_000, upstreams: [{ name: "lab", staleMs: 61_000 }] };
  expect(awayUpstreams(offer, { refreshedAt, upstreams }, { now, rules })).toEqual(
    new Set(["sample", "third"]),
  );
  // One that was not asked lately is not away because another one is.
  const first = upstreams.slice(0, 1);
  expect(awayUpstreams(offer, { refreshedAt, upstreams: first }, { now, rules })).toEqual(
    new Set(["sample"]),
  );
});
