/** What may be listed, told by what upstream published: an expectation that owes nothing to jam. */
import type { ListedAgent } from "./judged-mirror.ts";
import type { SampleTree } from "./upstream.ts";

/** The agents of these versions, with the hashes of upstream's own tarballs, for `listedFor`. */
export function upstreamRows({ listings }: SampleTree, versions: readonly string[]): ListedAgent[] {
  const rows = new Map<string, ListedAgent>();
  for (const { version, release, arch, stream, itemName, item } of listings) {
    if (!versions.includes(version)) continue;
    const streams = [...(rows.get(itemName)?.streams ?? []), stream];
    const { path, size, sha256 } = item;
    rows.set(itemName, { version, release, arch, streams, path, size, sha256 });
  }
  return [...rows.values()];
}
