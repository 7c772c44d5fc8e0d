import type { JujuVersion } from "../../juju/version.ts";
import type { LookupSource } from "./read-document.ts";
import { lookupRulesOf } from "../../juju/metadata-search/rules.ts";

/** What the look-up is pointed at. */
export interface LookupPlace {
  /** `url` and `mirror`: as `agent-metadata-url`; `folder`: as `--metadata-source`. */
  readonly kind: "mirror" | "url" | "folder";
  /** The base URL; undefined for a folder without `tools`, which Juju passes over. */
  readonly url: string | undefined;
}

/** Where Juju goes on to when its other sources have no answer. Source: juju environs/tools DefaultBaseURL. */
export const OFFICIAL_URL = "https://streams.canonical.com/juju/tools";

/**
 * The sources of a model that is pointed there, in Juju's order. A folder takes the place of Canonical's; from 2.0 to
 * 2.8.0 it must be signed like that.
 * Source: juju environs/tools/urls.go GetMetadataSources, environs/bootstrap setPrivateMetadataSources.
 */
export function sourcesOf(place: LookupPlace, client: JujuVersion, demandsSigned: boolean): LookupSource[] {
  const rules = lookupRulesOf(client);
  const own = {
    name: place.kind === "folder" ? "default simplestreams" : "agent-metadata-url",
    hasKey: place.kind === "folder" || rules.customSourceHasKey,
    requiresSigned: demandsSigned || (place.kind === "folder" && rules.requiresSigned === "always"),
  };
  const official = {
    name: "default simplestreams",
    url: OFFICIAL_URL,
    hasKey: true,
    requiresSigned: rules.requiresSigned !== "never",
  };
  if (place.url === undefined) return [official];
  return place.kind === "folder" ? [{ ...own, url: place.url }] : [{ ...own, url: place.url }, official];
}
