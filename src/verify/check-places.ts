import type { PlaceFault, Store } from "../store/store.ts";
import type { FindingId, FoundFact } from "./finding.ts";

/**
 * What is wrong with folders, links, modes and owners. While another run writes, its temporary files are not counted.
 * @throws JamError JAM_STORE_…
 */
export async function checkPlaces(store: Pick<Store, "places" | "lease">): Promise<FoundFact[]> {
  const isWritten = (await store.lease.holder()) !== undefined;
  const faults = (await store.places?.inspect()) ?? [];
  return faults
    .filter(({ fault, remedy }) => !(isWritten && fault === "stray" && remedy !== undefined))
    .map(({ path, fault, how, remedy }) => ({
      kind: kindOf({ path, fault, ...(remedy === undefined ? {} : { remedy }) }),
      where: path === "" ? "." : path,
      found: how,
      ...(remedy === undefined ? {} : { repair: remedy }),
    }));
}

function kindOf({ path, fault, remedy }: Pick<PlaceFault, "path" | "fault" | "remedy">): FindingId {
  switch (fault) {
    case "format":
      return "store-format";
    case "missing":
      return isLink(path) ? "link-missing" : "place-missing";
    case "kind":
      return isLink(path) ? "link-wrong" : "place-kind";
    case "link":
      return "link-wrong";
    case "stray":
      return remedy === undefined ? "place-foreign" : "place-stray";
    case "unreadable":
      return "place-unreadable";
    case "exposed":
      return "mode-exposed";
    case "hidden":
      return "mode-hidden";
    case "owner":
      return "mode-owner";
  }
}

/** The link of a ref, or one through which clients read. */
function isLink(path: string): boolean {
  return /^(?:tools|refs\/[^/]+|channels\/[^/]+\/tools)$/.test(path);
}
