import { changed, shownIn, type Model, type Shown } from "./model.ts";
import type { Observed } from "./observe.ts";

/** The model with the names and contents that were observed. */
export function adopt(model: Model, { refs, kept }: Observed): Model {
  const contents = new Map(kept.map(({ id, versions }) => [id, versions]));
  const named = (name: string, shown: Shown): Shown => {
    const id = refs.get(name);
    return { id, versions: contents.get(id ?? "") ?? shown.versions };
  };
  const channels = Object.values(model.channels).map((channel) => {
    const shown = shownIn(channel);
    if (shown === undefined) return [channel.name, channel] as const;
    const known = named(channel.name, shown);
    const below = channel.stack.slice(0, -1);
    // What might have changed the channel and did not is no step to go back from.
    const stack = below.at(-1)?.id === known.id ? below : [...below, known];
    const served = [...channel.served.filter((one) => one !== shown), known];
    return [channel.name, { ...channel, stack, served }] as const;
  });
  return changed(model, {
    kept,
    mirror: model.mirror === undefined ? undefined : named("mirror", model.mirror),
    channels: Object.fromEntries(channels),
  });
}
