import { fc } from "../helpers/property.ts";
import type { Golden } from "./golden.ts";
import { shownIn, type Model } from "./model.ts";

/** One change, with what it is about as numbers that a model turns into names: shortening a walk keeps it valid. */
export type Change =
  | { readonly kind: "sync" | "prune" | "create-trial" | "promote-all" }
  | { readonly kind: "import"; readonly tree: number }
  | { readonly kind: "promote"; readonly channel: string; readonly earlier: number | undefined }
  | { readonly kind: "rollback"; readonly channel: string }
  | { readonly kind: "hold" | "release" | "withdraw"; readonly channel: string; readonly version: number }
  | { readonly kind: "switch"; readonly snapshot: number; readonly allows: boolean }
  | { readonly kind: "pin" | "unpin" | "delete-snapshot"; readonly snapshot: number }
  | { readonly kind: "delete-channel"; readonly channel: string; readonly allows: boolean }
  | { readonly kind: "repair"; readonly from: "upstream" | "archive" };

export type Harm = "flip" | "cut" | "remove" | "grow";

/** Rules for the channels of jam.yaml, by their name. */
export type ChannelSettings = "manual" | "auto" | "delayed" | "narrow";

/** A step of a walk. */
export type Operation =
  | Change
  | { readonly kind: "upstream" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "damage"; readonly version: number; readonly harm: Harm }
  | { readonly kind: "verify"; readonly isDeep: boolean }
  /** Other rules for the channels of jam.yaml. */
  | { readonly kind: "configure"; readonly channels: ChannelSettings }
  | { readonly kind: "kill"; readonly change: Change; readonly before: number }
  | { readonly kind: "race"; readonly changes: readonly [Change, Change] };

const CHANNELS = ["lab", "prod", "trial"];
const MINUTE_MS = 60_000;
const WAITS = [MINUTE_MS, 70 * MINUTE_MS, 25 * 60 * MINUTE_MS, 9 * 24 * 60 * MINUTE_MS];

const at = fc.nat({ max: 30 });
const channel = fc.constantFrom(...CHANNELS);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 14, arbitrary: fc.constant<Change>({ kind: "sync" }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("import" as const), tree: at }) },
  {
    weight: 18,
    arbitrary: fc.record({
      kind: fc.constant("promote" as const),
      channel,
      earlier: fc.option(at, { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Change>({ kind: "promote-all" }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("rollback" as const), channel }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom("hold" as const, "release" as const, "withdraw" as const),
      channel,
      version: at,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("switch" as const),
      snapshot: at,
      allows: fc.boolean(),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom("pin" as const, "unpin" as const, "delete-snapshot" as const),
      snapshot: at,
    }),
  },
  { weight: 6, arbitrary: fc.constant<Change>({ kind: "prune" }) },
  { weight: 3, arbitrary: fc.constant<Change>({ kind: "create-trial" }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete-channel" as const), channel, allows: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("repair" as const),
      from: fc.constantFrom("upstream" as const, "archive" as const),
    }),
  },
);

/** Any operation; some percent of them start processes. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 66, arbitrary: change },
  { weight: 9, arbitrary: fc.constant<Operation>({ kind: "upstream" }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(...WAITS) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      version: at,
      harm: fc.constantFrom<Harm>("flip", "cut", "remove", "grow"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("verify" as const), isDeep: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("configure" as const),
      channels: fc.constantFrom<ChannelSettings>("manual", "auto", "delayed", "narrow"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("kill" as const), change, before: fc.nat({ max: 90 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("race" as const), changes: fc.tuple(change, change) }),
  },
);

/** The version that a number stands for: one that upstream has or had. */
export function versionAt({ trees, upstream }: Model, number: number): string {
  const all = [...new Set(trees.slice(0, upstream + 1).flat())];
  return all[number % all.length] ?? "3.6.1";
}

/** The snapshot that a number stands for, newest first; undefined when there is none. */
export function snapshotAt({ kept }: Model, number: number): string | undefined {
  return kept.at(-1 - (number % Math.max(kept.length, 1)))?.id;
}

/** The snapshot that is promoted: undefined for what the feeder shows now. */
export function sourceAt(model: Model, change: Extract<Change, { kind: "promote" }>): string | undefined {
  if (change.earlier === undefined) return undefined;
  const from = model.channels[change.channel]?.from ?? "mirror";
  const feeder = model.channels[from];
  const ids =
    feeder === undefined
      ? model.kept.map(({ id }) => id)
      : [...new Set(feeder.served.flatMap(({ id }) => (id === undefined ? [] : [id])))];
  return ids.at(-1 - (change.earlier % Math.max(ids.length, 1)));
}

const QUIET = ["--quiet", "--progress", "none"];
const REASON = ["--reason", "walk"];
/** No snapshot has this id. */
const NO_SNAPSHOT = "20010101T000000Z-00000000";

/** The command of a change. */
export function argvOf(change: Change, model: Model, golden: Pick<Golden, "bundle" | "archive">): string[] {
  return [...wordsOf(change, model, golden), "-o", "json"];
}

function wordsOf(change: Change, model: Model, golden: Pick<Golden, "bundle" | "archive">): string[] {
  switch (change.kind) {
    case "sync":
      return ["sync", ...QUIET];
    case "import":
      return ["bundle", "import", ...QUIET, golden.bundle(treeAt(model, change.tree))];
    case "promote": {
      const source = sourceAt(model, change);
      const flag = source === undefined ? [] : ["--snapshot", source];
      return ["channel", "promote", change.channel, ...flag, ...REASON];
    }
    case "promote-all":
      return ["channel", "promote", "--all", ...REASON];
    case "rollback":
      return ["channel", "rollback", change.channel, ...REASON];
    case "hold":
    case "release":
    case "withdraw":
      return ["channel", change.kind, change.channel, versionIn(model, change), ...REASON];
    case "switch":
      return [
        "snapshot",
        "switch",
        snapshotAt(model, change.snapshot) ?? NO_SNAPSHOT,
        ...(change.allows ? ["--allow", "rollback"] : []),
      ];
    case "pin":
    case "unpin":
      return ["snapshot", change.kind, snapshotAt(model, change.snapshot) ?? NO_SNAPSHOT];
    case "delete-snapshot":
      return ["snapshot", "delete", snapshotAt(model, change.snapshot) ?? NO_SNAPSHOT];
    case "prune":
      return ["prune"];
    case "create-trial":
      return ["channel", "create", "trial", "--from", "lab"];
    case "delete-channel":
      return ["channel", "delete", change.channel, ...(change.allows ? ["--allow", "served"] : [])];
    case "repair":
      return ["repair", "--deep", ...QUIET, ...(change.from === "archive" ? ["--from", golden.archive] : [])];
  }
}

/** The state of upstream that a bundle is of: one that upstream has had. */
export function treeAt({ upstream }: Model, number: number): number {
  return number % (upstream + 1);
}

/** The version of a restriction: mostly one that has something to do with the channel. */
export function versionIn(
  model: Model,
  { kind, channel, version }: Extract<Change, { kind: "hold" | "release" | "withdraw" }>,
): string {
  const here = model.channels[channel];
  const own =
    kind === "release"
      ? [...(here?.held ?? []), ...(here?.withdrawn ?? [])]
      : kind === "withdraw" && here !== undefined
        ? (shownIn(here)?.versions ?? [])
        : [];
  return version % 8 === 7
    ? versionAt(model, version)
    : (own[version % Math.max(own.length, 1)] ?? versionAt(model, version));
}
