import type { VolumeInput } from "../../medium/medium.ts";
import { isJamError } from "../../shared/errors.ts";
import type { ContentSource } from "../contents.ts";
import { BundleLayouts, locateVolume, type LocatedVolume } from "../format/bundle-layout.ts";
import { readHead } from "./read-volumes.ts";
import { volumeContents } from "./volume-contents.ts";

/**
 * The contents of the volumes among these archives; others, and volumes with a damaged head, are left out. Nothing is
 * verified: whoever reads a content hashes it.
 * @throws JamError JAM_MEDIUM_…
 */
export async function openBundleContents(inputs: readonly VolumeInput[]): Promise<ContentSource> {
  const layouts = new BundleLayouts();
  const located: LocatedVolume[] = [];
  for (const input of inputs) {
    try {
      const { label, ...signed } = await readHead(input);
      const layout = layouts.of({ ...signed, volumeSize: label.volumeSize ?? undefined });
      const volume = locateVolume(layout, label.number, input);
      if (volume !== undefined) located.push(volume);
    } catch (error) {
      if (!isJamError(error, "JAM_BUNDLE_MALFORMED", "JAM_BUNDLE_DAMAGED", "JAM_BUNDLE_FORMAT")) throw error;
    }
  }
  return volumeContents(located);
}
