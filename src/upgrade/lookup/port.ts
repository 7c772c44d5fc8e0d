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
  /** Nothing was sent, because nobody asked for this place to be contacted. */
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

/** What a signature is worth. */
export type VerifiedBlock =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };
