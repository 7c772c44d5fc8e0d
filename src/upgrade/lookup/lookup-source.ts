import type { JujuVersion } from "../../juju/version.ts";
import { lookupRulesOf } from "../../juju/metadata-search/rules.ts";

/** What came of one request, redirects followed as Juju's client follows them. */
export type LookupAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | undefined>>;
      /** Without a content coding; empty for `probe`. */
      readonly bytes: Uint8Array;
    }
  /** No answer: no connection, no name, a certificate that does not hold. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** An answer that ended in the middle. */
  | { readonly kind: "cut"; readonly reason: string }
  /** Nothing was sent: this place was not named by the user. */
  | { readonly kind: "not-contacted" };

/** How a look-up reaches what it reads. */
export interface LookupReader {
  /** The document at a URL (`http:`, `https:` or `file:`). */
  readonly fetchDocument: (url: string) => Promise<LookupAnswer>;
  /** Status and headers of a tarball, no redirect followed, as the `curl` of a new controller machine asks. */
  readonly probe: (url: string, accept: string) => Promise<LookupAnswer>;
  /**
   * The text that a clear-signed block vouches for, or why the key that Juju has does not vouch for it.
   * When it was signed does not matter: Juju does not look.
   */
  readonly verify: (block: string) => Promise<VerifiedBlock>;
}

/** The result of verifying a signature. */
export type VerifiedBlock =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** A place that Juju reads metadata from. */
export interface LookupSource {
  /** As Juju calls it: `agent-metadata-url`, `default simplestreams`, `mirror`. */
  readonly name: string;
  /** The base of all paths, with or without a slash at its end. */
  readonly url: string;
  /** Whether Juju has a key for it. */
  readonly hasKey: boolean;
  /** Whether only signed metadata is taken from it. */
  readonly requiresSigned: boolean;
}

/** Where the look-up searches. */
export interface LookupPlace {
  /** `url` and `mirror`: as `agent-metadata-url`; `folder`: as `--metadata-source`. */
  readonly kind: "mirror" | "url" | "folder";
  /** The base URL; undefined for a folder without `tools`, which Juju skips. */
  readonly url: string | undefined;
  /** With `mirror`: the channel whose face it is; absent for the mirror's own. */
  readonly channel?: string | undefined;
}

/** Where Juju continues when its other sources have no answer. Source: juju environs/tools DefaultBaseURL. */
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
