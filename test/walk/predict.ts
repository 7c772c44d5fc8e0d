import type { ErrorCode } from "../../src/shared/errors.ts";
import {
  changed,
  inOrder,
  newestOf,
  shownIn,
  withChannel,
  type ChannelModel,
  type Kept,
  type Model,
  type Seen,
  type Shown,
} from "./model.ts";
import { snapshotAt, sourceAt, treeAt, versionIn, type Change } from "./operations.ts";

/** How a command ends, and what it leaves: the states between its steps, the last one last. */
export interface Prediction {
  /** `ok` is exit status 0, `partial` 3. */
  readonly ends: readonly (ErrorCode | "ok" | "partial")[];
  readonly steps: readonly Model[];
  /** Where it may come to one of several ends; default the last step. */
  readonly finals?: readonly Model[];
  /** What it may leave when it is refused, in addition to what was before. */
  readonly whenRefused?: readonly Model[];
}

const refused = (...ends: Prediction["ends"]): Prediction => ({ ends, steps: [] });
const done = (...steps: Model[]): Prediction => ({ ends: ["ok"], steps });

/**
 * What a change does to this model.
 * @param named the model by which the change was given its names: the one before, where another change came first
 */
export function predict(change: Change, model: Model, now: number, named: Model = model): Prediction {
  switch (change.kind) {
    case "sync":
      return takeIn(model, { tree: model.upstream, keep: model.keep, now });
    case "import":
      return importOne(model, treeAt(named, change.tree), now);
    case "promote":
      return promote(model, change.channel, { id: sourceAt(named, change), now });
    case "promote-all":
      return promoteDue(model, now);
    case "rollback":
      return rollBack(model, change.channel);
    case "hold":
    case "release":
    case "withdraw":
      return restrict(model, change.channel, change.kind, versionIn(named, change));
    case "switch":
      return switchTo(model, snapshotAt(named, change.snapshot), change.allows);
    case "pin":
    case "unpin":
    case "delete-snapshot":
      return keepOrDelete(model, change.kind, snapshotAt(named, change.snapshot));
    case "prune":
      return done(model);
    case "create-trial":
      return createTrial(model);
    case "delete-channel":
      return deleteChannel(model, change.channel, change.allows);
    case "repair":
      return repair(model, change.from);
  }
}

interface Incoming {
  readonly tree: number;
  readonly keep: number | undefined;
  readonly now: number;
  readonly isImport?: true;
}

/** A sync or an import: the mirror first, then each channel with `promote: auto`. */
function takeIn(model: Model, { tree, keep, now, isImport }: Incoming): Prediction {
  const refusals = isImport
    ? (["JAM_METADATA_ROLLBACK", "JAM_BUNDLE_OUTDATED"] as const)
    : (["JAM_METADATA_ROLLBACK"] as const);
  if (tree < model.accepted) return refused(...refusals);
  const doubt = tree < (model.perhapsAccepted ?? tree) ? refusals : [];
  const listed = model.trees[tree] ?? [];
  const versions = newestOf(listed, keep);
  const mirror: Shown = { id: undefined, versions };
  const accepted = changed(model, { accepted: tree, perhapsAccepted: undefined });
  const shown = changed(accepted, { mirror, seen: withSeen(model, versions, { first: now, since: now }) });
  const auto = promoteDue(shown, now);
  const isHurt = model.damaged.length > 0;
  const ends: Prediction["ends"] = ["ok", ...(isHurt ? (["partial"] as const) : []), ...doubt];
  return { ends, steps: [accepted, ...auto.steps], finals: auto.finals };
}

/** An import also publishes what an earlier one, which was killed, had received. */
function importOne(model: Model, tree: number, now: number): Prediction {
  const rules = { keep: undefined, now, isImport: true } as const;
  const own = takeIn(model, { ...rules, tree });
  const listed = tree < model.accepted ? [] : (model.trees[tree] ?? []);
  const before = changed(model, { seen: withSeen(model, listed, { first: now, since: now }) });
  const more = model.pending.filter((one) => one > tree && one >= model.accepted);
  const others = more.map((one) => takeIn(before, { ...rules, tree: one }));
  if (others.length === 0) return own;
  const whenRefused = others.flatMap(({ finals = [] }) => finals);
  return {
    ends: [...new Set([...own.ends, ...others.flatMap(({ ends }) => ends)])],
    steps: [...own.steps, ...others.flatMap(({ steps }) => steps)],
    finals: [...(own.finals ?? []), ...whenRefused],
    whenRefused,
  };
}

/** With these versions listed at a time, or perhaps listed; what was seen earlier stays. */
function withSeen(model: Model, versions: readonly string[], seen: Seen): Model["seen"] {
  const earliest = versions.map((version) => {
    const { first, since } = model.seen[version] ?? seen;
    return [version, { first, since: Math.min(since, seen.since) }] as const;
  });
  return { ...model.seen, ...Object.fromEntries(earliest) };
}

/**
 * After a sync or an import that was killed: what it read may count as accepted, and its snapshot may be kept although the mirror
 * has never shown it.
 */
export function afterKill(model: Model, change: Change, { before, now }: Killed): Model {
  if (change.kind !== "sync" && change.kind !== "import") return model;
  const isImport = change.kind === "import";
  const tree = isImport ? treeAt(before, change.tree) : before.upstream;
  const versions = newestOf(before.trees[tree] ?? [], isImport ? undefined : before.keep);
  return changed(model, {
    accepted: before.accepted,
    perhapsAccepted: Math.max(tree, before.perhapsAccepted ?? 0),
    pending: isImport ? [...new Set([...before.pending, tree])] : before.pending,
    seen: withSeen(model, versions, { first: now, since: Infinity }),
  });
}

interface Killed {
  readonly before: Model;
  readonly now: number;
}

function promoteDue(model: Model, now: number): Prediction & { readonly finals: readonly Model[] } {
  const steps: Model[] = [];
  let finals: readonly Model[] = [model];
  for (const { name, isAuto } of inOrder(model)) {
    if (!isAuto) continue;
    finals = finals.flatMap((before) => {
      const { ends, steps: moved } = promote(before, name, { id: undefined, now });
      const next = moved.at(-1);
      if (next === undefined) return [before];
      steps.push(next);
      // What may be refused may leave the channel as it is.
      return ends.length === 1 ? [next] : [next, before];
    });
  }
  return { ends: model.damaged.length > 0 ? ["ok", "partial"] : ["ok"], steps: [model, ...steps], finals };
}

function promote(
  model: Model,
  name: string,
  { id, now }: { readonly id: string | undefined; readonly now: number },
): Prediction {
  const channel = model.channels[name];
  if (channel === undefined) return refused("JAM_CHANNEL_NOT_FOUND");
  const feeder = model.channels[channel.from];
  const current = feeder === undefined ? model.mirror : shownIn(feeder);
  if (current === undefined) return refused(feeder === undefined ? "JAM_MIRROR_EMPTY" : "JAM_CHANNEL_EMPTY");
  const source = id === undefined || id === current.id ? current : model.kept.find((one) => one.id === id);
  if (source === undefined) return refused("JAM_SNAPSHOT_NOT_FOUND");
  const { certain, possible } = curate(model, channel, { source, now });
  // Which snapshots the mirror has shown is its own to know.
  const isOld = id !== undefined && feeder === undefined && id !== current.id;
  const doubt: Prediction["ends"] = isOld ? ["JAM_SNAPSHOT_NOT_FOUND"] : [];
  if (possible.length === 0) return refused("JAM_CHANNEL_EMPTY", ...doubt);
  const shown = shownIn(channel);
  const isSame = shown !== undefined && same(shown.versions, certain) && certain.length === possible.length;
  if (isSame) return { ends: ["ok", ...doubt], steps: [model] };
  const isHurt = possible.some((version) => model.damaged.includes(version));
  const isWhole = certain.length === source.versions.length && source.id !== undefined;
  const to: Shown = {
    id: isWhole ? source.id : undefined,
    versions: certain,
    ...(certain.length < possible.length && { maybe: possible }),
  };
  const next = push(model, name, to);
  const ends: Prediction["ends"] = [
    "ok",
    ...(certain.length === 0 ? (["JAM_CHANNEL_EMPTY"] as const) : []),
    ...(isHurt ? (["JAM_STORE_CORRUPT"] as const) : []),
    ...doubt,
  ];
  return { ends, steps: ends.length === 1 ? [next] : [model, next] };
}

function push(model: Model, name: string, to: Shown): Model {
  const { stack = [], served = [] } = model.channels[name] ?? {};
  return withChannel(model, name, { stack: [...stack, to], served: [...served, to] });
}

/** What a channel certainly gets of a source, and what it may get. */
function curate(
  model: Model,
  channel: ChannelModel,
  { source, now }: { readonly source: Pick<Shown, "id" | "versions" | "maybe">; readonly now: number },
): { certain: readonly string[]; possible: readonly string[] } {
  const here = new Set(shownIn(channel)?.versions);
  const withdrawn = new Set<string>();
  const held = new Set<string>();
  for (let one: ChannelModel | undefined = channel; one !== undefined; one = model.channels[one.from]) {
    for (const version of one.withdrawn) withdrawn.add(version);
    for (const version of one.held) held.add(version);
  }
  const take = (versions: readonly string[], sinceOf: (version: string) => number) =>
    newestOf(versions, channel.keep).filter((version) => {
      if (withdrawn.has(version)) return false;
      if (here.has(version)) return true;
      return !held.has(version) && (channel.delayMs === 0 || sinceOf(version) + channel.delayMs <= now);
    });
  const certain = take(source.versions, (version) => model.seen[version]?.since ?? Infinity);
  const possible = take(source.maybe ?? source.versions, (version) => model.seen[version]?.first ?? 0);
  return { certain, possible: [...new Set([...certain, ...possible])] };
}

function rollBack(model: Model, name: string): Prediction {
  const channel = model.channels[name];
  if (channel === undefined) return refused("JAM_CHANNEL_NOT_FOUND");
  const target = channel.stack.at(-2);
  if (target === undefined)
    return refused(channel.stack.length === 0 ? "JAM_CHANNEL_EMPTY" : "JAM_SNAPSHOT_NOT_FOUND");
  const isKept = model.kept.some(({ id }) => id === target.id);
  if (!isKept && target.id !== undefined) return refused("JAM_SNAPSHOT_NOT_FOUND");
  const versions = target.versions.filter((version) => !channel.withdrawn.includes(version));
  if (versions.length === 0) return refused("JAM_CHANNEL_EMPTY");
  const to: Shown = { id: versions.length === target.versions.length ? target.id : undefined, versions };
  const next = withChannel(model, name, {
    stack: [...channel.stack.slice(0, -2), to],
    served: [...channel.served, to],
  });
  const isHurt = versions.some((version) => model.damaged.includes(version));
  if (isHurt) return { ends: ["ok", "JAM_STORE_CORRUPT"], steps: [model, next] };
  // What was shown only while two commands ran has no name here, and may be gone.
  return target.id === undefined
    ? { ends: ["ok", "JAM_SNAPSHOT_NOT_FOUND"], steps: [model, next] }
    : done(next);
}

function restrict(
  model: Model,
  name: string,
  kind: "hold" | "release" | "withdraw",
  version: string,
): Prediction {
  const channel = model.channels[name];
  if (channel === undefined) return refused("JAM_CHANNEL_NOT_FOUND");
  const { held, withdrawn, stack, served } = channel;
  if (kind === "hold") return done(withChannel(model, name, { held: [...new Set([...held, version])] }));
  if (kind === "release") {
    if (!held.includes(version) && !withdrawn.includes(version)) return refused("JAM_AGENT_NOT_FOUND");
    const without = (all: readonly string[]) => all.filter((one) => one !== version);
    return done(withChannel(model, name, { held: without(held), withdrawn: without(withdrawn) }));
  }
  const shown = shownIn(channel);
  if (shown === undefined) return refused("JAM_CHANNEL_EMPTY");
  if (!shown.versions.includes(version)) return refused("JAM_AGENT_NOT_FOUND");
  const versions = shown.versions.filter((one) => one !== version);
  if (versions.length === 0) return refused("JAM_CHANNEL_EMPTY");
  const to: Shown = { id: undefined, versions };
  const next = withChannel(model, name, {
    stack: [...stack.slice(0, -1), to],
    served: [...served, to],
    withdrawn: [...new Set([...withdrawn, version])],
  });
  const isHurt = versions.every((one) => model.damaged.includes(one));
  return isHurt ? { ends: ["ok", "JAM_STORE_CORRUPT"], steps: [model, next] } : done(next);
}

function switchTo(model: Model, id: string | undefined, allows: boolean): Prediction {
  const snapshot = model.kept.find((one) => one.id === id);
  if (snapshot === undefined) return refused("JAM_SNAPSHOT_NOT_FOUND");
  const current = model.kept.find((one) => one.id === model.mirror?.id);
  const isUnknown = model.mirror !== undefined && current === undefined;
  if (!allows && current !== undefined && snapshot.createdAt < current.createdAt)
    return refused("JAM_METADATA_ROLLBACK");
  const isHurt = snapshot.versions.some((version) => model.damaged.includes(version));
  const next = changed(model, { mirror: { id: snapshot.id, versions: snapshot.versions } });
  const ends: Prediction["ends"] = [
    "ok",
    ...(isHurt ? (["JAM_STORE_CORRUPT"] as const) : []),
    ...(isUnknown && !allows ? (["JAM_METADATA_ROLLBACK"] as const) : []),
  ];
  return { ends, steps: ends.length === 1 ? [next] : [model, next] };
}

function keepOrDelete(
  model: Model,
  kind: "pin" | "unpin" | "delete-snapshot",
  id: string | undefined,
): Prediction {
  if (id === undefined) return refused("JAM_SNAPSHOT_NOT_FOUND", "JAM_MIRROR_EMPTY");
  const pinned = model.pinned.filter((one) => one !== id);
  if (kind === "pin") return done(changed(model, { pinned: [...pinned, id] }));
  if (kind === "unpin") return done(changed(model, { pinned }));
  if (isShown(model, id) || model.pinned.includes(id)) return refused("JAM_SNAPSHOT_IN_USE");
  const next = changed(model, { deleted: [...model.deleted, id] });
  const shown = [model.mirror, ...Object.values(model.channels).map(shownIn)];
  const mayBeInUse = model.graceMs > 0 || shown.some((one) => one !== undefined && one.id === undefined);
  return mayBeInUse ? { ends: ["ok", "JAM_SNAPSHOT_IN_USE"], steps: [model, next] } : done(next);
}

function isShown(model: Model, id: Kept["id"]): boolean {
  return (
    model.mirror?.id === id || Object.values(model.channels).some((channel) => shownIn(channel)?.id === id)
  );
}

function createTrial(model: Model): Prediction {
  if (model.channels["trial"] !== undefined) return refused("JAM_CHANNEL_EXISTS");
  if (model.channels["lab"] === undefined) return refused("JAM_CHANNEL_NOT_FOUND");
  const trial: ChannelModel = {
    name: "trial",
    from: "lab",
    definedIn: "command",
    delayMs: 0,
    isAuto: false,
    stack: [],
    served: [],
    held: [],
    withdrawn: [],
  };
  return done(changed(model, { channels: { ...model.channels, trial } }));
}

function deleteChannel(model: Model, name: string, allows: boolean): Prediction {
  const channel = model.channels[name];
  if (channel === undefined) return refused("JAM_CHANNEL_NOT_FOUND");
  const isFollowed = Object.values(model.channels).some(({ from }) => from === name);
  if (channel.definedIn === "settings" || isFollowed) return refused("JAM_CHANNEL_IN_USE");
  if (channel.stack.length > 0 && !allows) return refused("JAM_CHANNEL_IN_USE");
  const { [name]: _gone, ...channels } = model.channels;
  const emptied = withChannel(model, name, { stack: [], served: [], held: [], withdrawn: [] });
  // Killed in between, the channel is there and shows nothing; its history says that it was deleted.
  return done(emptied, changed(model, { channels }));
}

/** The archive has every tarball; upstream has what it lists. */
function repair(model: Model, from: "upstream" | "archive"): Prediction {
  const here = new Set(from === "archive" ? model.trees.flat() : model.trees[model.upstream]);
  const left = model.damaged.filter((version) => !here.has(version));
  return { ends: left.length === 0 ? ["ok"] : ["ok", "partial"], steps: [model] };
}

export function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((version) => other.includes(version));
}
