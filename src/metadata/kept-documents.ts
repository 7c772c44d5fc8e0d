import type { Upstream } from "../upstream/source.ts";
import type { DocumentStore } from "../store/store.ts";
import { isJamError } from "../shared/errors.ts";
import { sha256Of } from "../shared/sha256.ts";
import { SIGNED_TEXT_RULES, textOfDocument } from "../simplestreams/signed-text.ts";
import type { RememberedDocument } from "../mirror/upstream-state.ts";

/** What kept documents are read with. */
export interface KeptPorts {
  readonly documents: Pick<DocumentStore, "get">;
  readonly source: Pick<Upstream, "url" | "verifies" | "trustedKeys" | "checkDocument">;
}

/** A document that was accepted before: its text, or why it is not used any more. */
export type KeptDocument =
  | { readonly kind: "usable"; readonly text: string; readonly document: RememberedDocument }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * A document accepted before, when it is kept whole and comes from this source. Its signature was verified when it came;
 * the hash shows that these are the same bytes, and its key must still be trusted. What was accepted by older rules is
 * verified once again by those of today.
 */
export async function readKept(
  known: RememberedDocument,
  { documents, source }: KeptPorts,
): Promise<KeptDocument | undefined> {
  if (!known.url.startsWith(source.url)) return undefined;
  if (source.verifies && !(await isTrusted(known.signedBy, source))) return undefined;
  const bytes = await documents.get("upstream", known.sha256);
  if (bytes === undefined || sha256Of(bytes) !== known.sha256) return undefined;
  if (!source.verifies || known.rules === SIGNED_TEXT_RULES)
    return { kind: "usable", text: textOfDocument(bytes, known.path), document: known };
  try {
    const { path, url, validators } = known;
    const { text } = await source.checkDocument({ path, url, bytes, validators });
    return { kind: "usable", text, document: { ...known, rules: SIGNED_TEXT_RULES } };
  } catch (error) {
    if (!isJamError(error)) throw error;
    return { kind: "refused", reason: error.message };
  }
}

async function isTrusted(
  fingerprint: string | undefined,
  source: Pick<Upstream, "trustedKeys">,
): Promise<boolean> {
  return fingerprint !== undefined && (await source.trustedKeys()).includes(fingerprint);
}
