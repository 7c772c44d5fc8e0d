import { JamError } from "../../shared/errors.ts";
import { isVersion, parseMajorMinor, parseVersion, type JujuVersion } from "../../juju/version.ts";

const LAST_PATCH = 999_999_999;
const MAJOR_MINOR = /^\d{1,9}\.\d{1,9}$/;

/**
 * The generation that a name stands for: one of `names`, or a release as `2.9.33`, or a minor as `2.9`, which means
 * the newest behaviour of that minor unless `running` is of it and says more.
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
  if (isVersion(text)) return generationOf(parseVersion(text));
  if (MAJOR_MINOR.test(text)) {
    const { major, minor = 0 } = parseMajorMinor(text);
    const isOfIt = running?.major === major && running.minor === minor;
    return generationOf(isOfIt ? running : { major, minor, tag: "", patch: LAST_PATCH, build: 0 });
  }
  throw new JamError("JAM_USAGE_INVALID", `${place}: "${text}" is no generation of Juju.`, {
    hint: `Write a minor (2.9, 3.6), a release (2.9.33), or one of ${names.join(", ")}.`,
    details: { field: place, value: text, choices: names },
  });
}
