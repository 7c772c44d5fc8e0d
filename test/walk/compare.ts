import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { shownIn, type ChannelModel, type Model, type Shown } from "./model.ts";
import { readListed, sha256Of, type Observed } from "./observe.ts";
import type { Place } from "./place.ts";
import { same } from "./predict.ts";

/** What of this model is not as it was observed; empty where it fits. */
export function differences(model: Model, { refs, kept, channels, pinned }: Observed): string[] {
  const found: string[] = [];
  const contents = new Map(kept.map(({ id, versions }) => [id, versions]));
  const compare = (name: string, shown: Shown | undefined) => {
    const id = refs.get(name);
    if (shown === undefined || id === undefined) {
      if ((shown === undefined) !== (id === undefined))
        found.push(`${name} shows ${id ?? "nothing"}, not ${shown?.versions.join() ?? "nothing"}`);
      return;
    }
    const versions = contents.get(id);
    if (versions === undefined) found.push(`${name} shows ${id}, which is not kept`);
    else if (shown.id !== undefined && shown.id !== id) found.push(`${name} shows ${id}, not ${shown.id}`);
    else if (!fits(shown, versions))
      found.push(`${name} shows ${versions.join()}, not ${shown.versions.join()}`);
  };
  compare("mirror", model.mirror);
  for (const channel of Object.values(model.channels)) compare(channel.name, shownIn(channel));
  for (const name of refs.keys())
    if (name !== "mirror" && model.channels[name] === undefined) found.push(`${name} is there`);
  const observed = new Map(channels.map((channel) => [channel.name, channel]));
  for (const channel of Object.values(model.channels)) {
    const seen = observed.get(channel.name);
    if (seen === undefined) found.push(`${channel.name} is not listed`);
    else {
      if (seen.fault !== null) found.push(`${channel.name}: ${seen.fault}`);
      if (seen.snapshot !== (refs.get(channel.name) ?? null))
        found.push(`${channel.name}: listed with ${seen.snapshot}`);
      if (!same(seen.held, channel.held)) found.push(`${channel.name} holds ${seen.held.join()}`);
      if (!same(seen.withdrawn, channel.withdrawn))
        found.push(`${channel.name} has withdrawn ${seen.withdrawn.join()}`);
    }
  }
  for (const { name } of channels) if (model.channels[name] === undefined) found.push(`${name} is listed`);
  const pins = model.pinned.filter((id) => contents.has(id));
  if (pins.length < model.pinned.length) found.push("a snapshot that is pinned is gone");
  if (!same(pins, pinned)) found.push(`pinned are ${pinned.join()}`);
  return found;
}

/** What channels showed one after the other, by their histories. */
export async function readShown(folder: string, name: string): Promise<readonly string[]> {
  const path = join(folder, "data/state", `channel-history-${name}.json`);
  const text = await readFile(path, "utf8").catch(() => `{"entries":[]}`);
  const { entries } = JSON.parse(text) as { entries: { from: string | null; to: string | null }[] };
  return entries.flatMap(({ from, to }) => (to === null || to === from ? [] : [to]));
}

/** How often each channel has shown something else. */
export async function countShown(folder: string, model: Model): Promise<ReadonlyMap<string, number>> {
  const counts = Object.keys(model.channels).map(
    async (name) => [name, (await readShown(folder, name)).length] as const,
  );
  return new Map(await Promise.all(counts));
}

/** True where each channel has shown something else as often as this model says, and no more often. */
export async function isOfLength(
  { folder }: Pick<Place, "folder">,
  before: { readonly model: Model; readonly counts: ReadonlyMap<string, number> },
  model: Model,
): Promise<boolean> {
  const counts = await countShown(folder, model);
  return Object.values(model.channels).every(({ name, served }) => {
    const fresh = served.length - (before.model.channels[name]?.served.length ?? 0);
    return (counts.get(name) ?? 0) - (before.counts.get(name) ?? 0) === fresh;
  });
}

/**
 * Whether channels came to what they show as this model says: two commands at the same time may end with the same contents in
 * either order, and still a channel has shown something else in between.
 */
export async function followsHistory(
  { folder }: Pick<Place, "folder">,
  before: Model,
  { model, kept }: { readonly model: Model; readonly kept: Observed["kept"] },
): Promise<boolean> {
  const contents = new Map(kept.map(({ id, versions }) => [id, versions]));
  for (const { name, served } of Object.values(model.channels)) {
    const fresh = served.slice(before.channels[name]?.served.length ?? 0);
    if (fresh.length === 0) continue;
    const shown = (await readShown(folder, name)).slice(-fresh.length);
    const isSame = fresh.every((one, at) => {
      const id = shown[at] ?? "";
      const versions = contents.get(id);
      return one.id === undefined ? versions === undefined || fits(one, versions) : one.id === id;
    });
    if (!isSame) return false;
  }
  return true;
}

function fits({ versions, maybe }: Shown, found: readonly string[]): boolean {
  if (maybe === undefined) return same(versions, found);
  return versions.every((one) => found.includes(one)) && found.every((one) => maybe.includes(one));
}

/** Throws where clients of a ref would find something wrong, or a tarball that a snapshot needs is lost. */
export async function checkPlace(
  place: Place,
  before: Pick<Model, "kept">,
  { model, observed: { refs, kept } }: { readonly model: Model; readonly observed: Observed },
): Promise<void> {
  const damaged = new Set(model.damaged);
  for (const [name, id] of refs) {
    const tools = toolsOf(place, name);
    const listed = await readListed(tools, damaged);
    if (listed.snapshot !== id) throw new Error(`${name} shows ${id}, its index is of ${listed.snapshot}`);
    const versions = kept.find((one) => one.id === id)?.versions ?? [];
    const missing = versions.filter((one) => !listed.versions.includes(one) && !damaged.has(one));
    const more = listed.versions.filter((one) => !versions.includes(one));
    if (missing.length + more.length > 0)
      throw new Error(`${name} lists ${listed.versions.join()}, its snapshot ${versions.join()}`);
    await checkWithdrawn(tools, model.channels[name]?.withdrawn ?? []);
  }
  const needed = new Set(kept.flatMap(({ versions }) => versions));
  for (const version of needed.difference(damaged))
    if (!(await place.holds(version))) throw new Error(`The tarball of ${version} is lost`);
  for (const channel of Object.values(model.channels)) {
    const gone = before.kept.find(
      ({ id }) => targetsOf(channel).includes(id) && !kept.some((one) => one.id === id),
    );
    if (gone !== undefined && !model.deleted.includes(gone.id))
      throw new Error(`A rollback of ${channel.name} leads to ${gone.id}, which is not kept any longer`);
  }
}

/**
 * What rollbacks of a channel lead to that no prune deletes: jam keeps three, and a rollback at the same time may take one of
 * them. What is further away may be gone when it comes near.
 */
function targetsOf({ stack }: ChannelModel): readonly string[] {
  const ids = stack.toReversed().flatMap(({ id }) => id ?? []);
  return [...new Set(ids)].slice(1, 3);
}

function toolsOf({ folder }: Place, ref: string): string {
  return join(folder, "data", ref === "mirror" ? "tools" : `channels/${ref}/tools`);
}

/** False where the tree of a ref has a tarball of this version with wrong bytes, or has none although its snapshot lists it. */
export async function isRightIn(
  place: Place,
  { refs, kept }: Observed,
  { ref, version }: { readonly ref: string; readonly version: string },
): Promise<boolean> {
  const path = pathOf(version);
  const bytes = await readFile(join(toolsOf(place, ref), path)).catch(() => undefined);
  if (bytes !== undefined) return sha256Of(bytes) === place.golden.sha256.get(version);
  return kept.find(({ id }) => id === refs.get(ref))?.versions.includes(version) !== true;
}

function pathOf(version: string): string {
  return `agent/${version}/juju-${version}-linux-amd64.tgz`;
}

async function checkWithdrawn(tools: string, withdrawn: readonly string[]): Promise<void> {
  for (const version of withdrawn) {
    const path = pathOf(version);
    const isHere = await readFile(join(tools, path)).then(
      () => true,
      () => false,
    );
    if (isHere) throw new Error(`${path} is withdrawn and can still be fetched`);
  }
}
