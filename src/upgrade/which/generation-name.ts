import { JamError } from "../../shared/errors.ts";
import { isVersion, parseVersion, type JujuVersion } from "../../juju/version.ts";
import { readVersionText } from "../../juju/version-text.ts";

const LAST_PATCH = 999_999_999;

/**
 * The generation that a name stands for: one of `names`, or a release as `2.9.33`, or a minor as `2.9` (a channel,
 * `2.9/stable`, too), which means the newest behaviour of that minor unless `running` is of it and says more.
 * @throws JamError JAM_USAGE_INVALID naming `place` and the accepted forms
 */
export function readGeneration<Name extends string>(
  text: string,
  names: readonly Name[],
  generationOf: (version: JujuVersion) => Name,
  { place, running }: { readonly place: string; readonly running?: JujuVersion | undefined },
): Name {
  const exact = names.find((name) => name === text);
  if (exact !== undefined) return exact;
  const read = readVersionText(text);
  if (read !== undefined && "version" in read && isVersion(read.version))
    return generationOf(parseVersion(read.version));
  if (read !== undefined && "track" in read && read.track.minor !== undefined) {
    const { major, minor } = read.track;
    const isOfIt = running?.major === major && running.minor === minor;
    return generationOf(isOfIt ? running : { major, minor, tag: "", patch: LAST_PATCH, build: 0 });
  }
  throw new JamError("JAM_USAGE_INVALID", `${place}: "${text}" is not a Juju generation.`, {
    hint: `Write a minor (2.9, 3.6), a release (2.9.33), or one of ${names.join(", ")}.`,
    details: { field: place, value: text, choices: names },
  });
}
