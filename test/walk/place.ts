import { access, appendFile, chmod, cp, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jamHere, type RanHere } from "../helpers/jam-here.ts";
import { flipByte } from "../helpers/damage-file.ts";
import { needJam } from "../crash/bundles.ts";
import { adopt } from "./adopt.ts";
import { setClockAhead } from "./fake-date.ts";
import type { Golden } from "./golden.ts";
import { withChannel, type ChannelModel, type Model } from "./model.ts";
import { Observer, sha256Of } from "./observe.ts";
import type { ChannelSettings, Harm } from "./operations.ts";
import { predict } from "./predict.ts";
import type { Workers } from "./workers.ts";

/** How the mirror of a walk is set. */
export interface WalkSettings {
  readonly keep: number | undefined;
  readonly retention: {
    readonly snapshots: number;
    readonly grace: "PT0S" | "PT1H";
    readonly age?: "P2D" | undefined;
    readonly quota?: "6kB" | undefined;
  };
  readonly channels: keyof typeof CHANNELS;
}

const byHand = { promote: "manual" } as const;
const DAY_MS = 24 * 3_600_000;

/** Channels of jam.yaml; `created` has none, and the walk makes them. */
export const CHANNELS = {
  created: {},
  manual: { lab: { from: "mirror", ...byHand }, prod: { from: "lab", ...byHand } },
  auto: {
    lab: { from: "mirror", promote: "auto" },
    prod: { from: "lab", promote: "auto" },
  },
  delayed: {
    lab: { from: "mirror", promote: "auto", delay: "PT1H" },
    prod: { from: "lab", delay: "P1D", ...byHand },
  },
  narrow: {
    lab: { from: "mirror", ...byHand },
    prod: { from: "lab", promote: "auto", select: [{ stream: "released", keep: 2 }] },
  },
} as const;

type ChannelSetting = {
  readonly from: string;
  readonly promote: "auto" | "manual";
  readonly delay?: string;
  readonly select?: readonly { readonly keep?: number }[];
};

/** The mirror that a walk changes. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly golden: Golden;
  readonly workers: Workers;
  readonly observer: Observer;
  /** What the walk has done, for a message. */
  readonly log: string[];
  run(argv: readonly string[]): Promise<RanHere>;
  damage(version: string, harm: Harm): Promise<boolean>;
  /** Gives the channels of jam.yaml other rules; false where it has none. */
  configure(channels: ChannelSettings): Promise<boolean>;
  /** True where the tarball of a version is in the store with its bytes. */
  holds(version: string): Promise<boolean>;
}

let places = 0;

/** A mirror that has synced upstream's first state, with the channels lab and prod. */
export async function openPlace(
  golden: Golden,
  workers: Workers,
  settings: WalkSettings,
): Promise<{ place: Place; model: Model }> {
  const folder = join(golden.home, `walk-${(places += 1)}`);
  await mkdir(folder);
  setClockAhead(0);
  await writeFile(join(folder, "key.asc"), golden.upstreamKey);
  await writeFile(join(folder, "jam.yaml"), settingsText(folder, settings));
  await cp(golden.makerKey, join(folder, "maker.asc"));
  await needJam(folder, ["key", "trust", "maker.asc"]);
  await golden.point(join(folder, "up"), 0);
  await needJam(folder, ["sync", "--quiet", "--progress", "none"]);
  if (settings.channels === "created") {
    await needJam(folder, ["channel", "create", "lab", "--from", "mirror"]);
    await needJam(folder, ["channel", "create", "prod", "--from", "lab"]);
  }
  const blob = (version: string) => {
    const sha256 = golden.sha256.get(version) ?? "";
    return { sha256, path: join(folder, "data/blobs/sha256", sha256.slice(0, 2), sha256) };
  };
  let flips = 0;
  const place: Place = {
    folder,
    golden,
    workers,
    observer: new Observer(folder),
    log: [],
    run: (argv) => jamHere(folder, argv),
    async damage(version, harm) {
      const { path } = blob(version);
      const isHere = await access(path).then(
        () => true,
        () => false,
      );
      if (!isHere) return false;
      await chmod(path, 0o644);
      // Each time another byte: the same one twice would be the tarball as it was.
      if (harm === "flip") flipByte(path, 20 + flips++);
      if (harm === "cut") await truncate(path, 60);
      if (harm === "grow") await appendFile(path, "x");
      if (harm === "remove") await rm(path);
      return true;
    },
    async configure(channels) {
      if (settings.channels === "created") return false;
      await writeFile(join(folder, "jam.yaml"), settingsText(folder, { ...settings, channels }));
      return true;
    },
    async holds(version) {
      const { path, sha256 } = blob(version);
      const bytes = await readFile(path).catch(() => undefined);
      return bytes !== undefined && sha256Of(bytes) === sha256;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  return { place, model: await firstModel(place, settings) };
}

function settingsText(folder: string, { keep, retention, channels }: WalkSettings): string {
  const { age, quota, ...rest } = retention;
  return JSON.stringify({
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url: join(folder, "up"), keyring: "key.asc" }],
    select: [{ stream: "released", ...(keep !== undefined && { keep }) }],
    retention: {
      ...rest,
      ...(age !== undefined && { age }),
      ...(quota !== undefined && { quota }),
      maxRemoval: "100%",
    },
    channels: CHANNELS[channels],
  });
}

async function firstModel(place: Place, { keep, retention, channels }: WalkSettings): Promise<Model> {
  const observed = await place.observer.look();
  const { refs, kept } = observed;
  const now = Date.now();
  const versions = kept[0]?.versions ?? [];
  const defined = Object.entries(channels === "created" ? CHANNELS.manual : CHANNELS[channels]) as [
    string,
    ChannelSetting,
  ][];
  const shown = { id: refs.get("mirror"), versions };
  const model: Model = {
    trees: place.golden.trees,
    keep,
    graceMs: retention.grace === "PT0S" ? 0 : DAY_MS / 24,
    clockAheadMs: 0,
    upstream: 0,
    accepted: 0,
    pending: [],
    mirror: shown,
    channels: Object.fromEntries(
      defined.map(([name, one]) => [name, channelModel(name, one, channels === "created")]),
    ),
    seen: Object.fromEntries(versions.map((version) => [version, { first: now, since: now }])),
    pinned: [],
    kept,
    deleted: [],
    damaged: [],
  };
  // The sync has promoted to channels with `promote: auto` at its end.
  const promoted = predict({ kind: "promote-all" }, model, now).finals?.[0];
  return adopt(promoted ?? model, observed);
}

/** The model after its channels were given other rules; what they show stays. */
export function withRules(model: Model, channels: ChannelSettings): Model {
  const rules = Object.entries(CHANNELS[channels]) as [string, ChannelSetting][];
  return rules.reduce((before, [name, one]) => {
    const { delayMs, keep, isAuto } = channelModel(name, one, false);
    return withChannel(before, name, { delayMs, keep, isAuto });
  }, model);
}

function channelModel(name: string, one: ChannelSetting, isCreated: boolean): ChannelModel {
  return {
    name,
    from: one.from,
    definedIn: isCreated ? "command" : "settings",
    delayMs: one.delay === undefined ? 0 : one.delay === "P1D" ? DAY_MS : DAY_MS / 24,
    keep: one.select?.[0]?.keep,
    isAuto: one.promote === "auto",
    stack: [],
    served: [],
    held: [],
    withdrawn: [],
  };
}
