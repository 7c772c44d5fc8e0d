import { isJamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { PlaceFault, Store } from "../store/store.ts";
import type { FindingId, FoundFact } from "./finding.ts";
import type { VerifyWork } from "./verify-work.ts";

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

/** Channels whose link is gone although they have to show something, and those whose history is gone. */
export async function checkChannels({
  store,
  readExpected,
  findLostHistories,
}: Pick<VerifyWork, "store" | "readExpected" | "findLostHistories">): Promise<FoundFact[]> {
  const facts: FoundFact[] = [];
  for (const { name, snapshot } of await readExpected()) {
    if (!(await isGone(store.refs, name))) continue;
    facts.push({
      kind: "link-missing",
      where: `refs/${name}`,
      found: `the history of the channel says that it shows ${snapshot}, and the link that shows it is gone`,
      repair: "point it at that snapshot",
    });
  }
  for (const { file, shown } of await findLostHistories())
    facts.push({
      kind: "channel-history-missing",
      where: file,
      found: `the channel shows ${shown}, and nothing says how it came there`,
    });
  return facts;
}

/** Whether a ref is missing: something that is no link has its place, and is found by itself. */
export async function isGone(refs: Store["refs"], name: RefName): Promise<boolean> {
  try {
    return (await refs.read(name)) === undefined;
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_COPIED")) return false;
    throw error;
  }
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
