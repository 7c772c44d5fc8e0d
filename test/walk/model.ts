/** What a walk believes about the mirror: plain values, so that each prediction is a changed copy. */

/** What a ref shows. */
export interface Shown {
  /** Undefined until it is known which snapshot it became. */
  readonly id: string | undefined;
  readonly versions: readonly string[];
  /** Versions that it may have as well. */
  readonly maybe?: readonly string[];
}

export interface ChannelModel {
  readonly name: string;
  readonly from: string;
  readonly definedIn: "settings" | "command";
  readonly delayMs: number;
  readonly keep?: number | undefined;
  readonly isAuto: boolean;
  /** What a rollback leads back through; the last one is shown. */
  readonly stack: readonly Shown[];
  readonly served: readonly Shown[];
  readonly held: readonly string[];
  readonly withdrawn: readonly string[];
}

export interface Model {
  readonly trees: readonly (readonly string[])[];
  readonly keep: number | undefined;
  readonly graceMs: number;
  readonly clockAheadMs: number;
  /** The state of upstream, and the newest one that was accepted. */
  readonly upstream: number;
  readonly accepted: number;
  /** A newer one that may have been accepted by a run that was killed. */
  readonly perhapsAccepted?: number | undefined;
  /** States whose bundles were imported by runs that were killed: the next import publishes those that are complete. */
  readonly pending: readonly number[];
  readonly mirror: Shown | undefined;
  readonly channels: Readonly<Record<string, ChannelModel>>;
  /** When the mirror listed a version for the first time. */
  readonly seen: Readonly<Record<string, Seen>>;
  readonly pinned: readonly string[];
  /** Snapshots that are kept, oldest first. */
  readonly kept: readonly Kept[];
  /** Snapshots that an operator deleted. */
  readonly deleted: readonly string[];
  /** Versions whose tarball was damaged and has not come back yet. */
  readonly damaged: readonly string[];
}

export interface Seen {
  /** When it may have been the first time. */
  readonly first: number;
  /** When it was at the latest; infinite while it is not known to have been listed. */
  readonly since: number;
}

export interface Kept {
  readonly id: string;
  readonly createdAt: string;
  readonly versions: readonly string[];
}

export function changed(model: Model, changes: Partial<Model>): Model {
  return { ...model, ...changes };
}

/** With a channel changed. */
export function withChannel(model: Model, name: string, changes: Partial<ChannelModel>): Model {
  const channel = model.channels[name];
  if (channel === undefined) return model;
  return { ...model, channels: { ...model.channels, [name]: { ...channel, ...changes } } };
}

export function shownIn(channel: ChannelModel): Shown | undefined {
  return channel.stack.at(-1);
}

/** Channels, feeders before those that take from them. */
export function inOrder(model: Model): ChannelModel[] {
  const order: ChannelModel[] = [];
  const add = (channel: ChannelModel | undefined) => {
    if (channel === undefined || order.includes(channel)) return;
    add(model.channels[channel.from]);
    order.push(channel);
  };
  for (const channel of Object.values(model.channels)) add(channel);
  return order;
}

/** The newest so many versions, or all. */
export function newestOf(versions: readonly string[], keep: number | undefined): readonly string[] {
  if (keep === undefined) return versions;
  return versions.toSorted((a, b) => patchOf(a) - patchOf(b)).slice(-keep);
}

function patchOf(version: string): number {
  return Number(version.split(".")[2]);
}
