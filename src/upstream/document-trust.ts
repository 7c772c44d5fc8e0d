import { JUJU_KEY_FINGERPRINT } from "../openpgp/juju-key.ts";
import { loadKeyring, type Keyring } from "../openpgp/keyring.ts";
import type { Signature } from "../shared/signature.ts";
import { verifyDocument } from "../openpgp/verify-document.ts";
import { JamError } from "../shared/errors.ts";
import { sha256Of } from "../shared/sha256.ts";
import { notSimplestreams } from "../simplestreams/metadata-fault.ts";
import { decodeDocument, splitSignedText } from "../simplestreams/signed-text.ts";
import type { Timing } from "./waiting.ts";
import type { ArrivedDocument, UpstreamDocument } from "./source.ts";
import { BEGIN_MESSAGE, END_SIGNATURE } from "../simplestreams/signed-text.ts";

export interface DocumentTrust {
  /** False when the operator switched verification off. */
  readonly verifies: boolean;
  /**
   * Fingerprints of the primary keys that are trusted now, revoked ones left out; none when verification is off.
   * @throws JamError JAM_KEYRING_INVALID
   */
  trustedKeys(): Promise<readonly string[]>;
  /**
   * The document with the text that may be trusted.
   * @throws JamError JAM_METADATA_…, JAM_UPSTREAM_NOT_SIMPLESTREAMS, JAM_UPSTREAM_TRUNCATED, JAM_KEYRING_INVALID
   */
  check(arrived: ArrivedDocument): Promise<UpstreamDocument>;
}

export interface TrustOptions {
  /** `builtin`, a file, or `none`. */
  readonly keyring: string;
  readonly timing: Pick<Timing, "now">;
  /** Called with warnings about documents that are accepted. */
  readonly onWarning: (message: string) => void;
}

interface TrustedText {
  readonly text: string;
  readonly signature: Signature | undefined;
}

/** The one place where bytes of an upstream turn into trusted text. */
export function createDocumentTrust(options: TrustOptions): DocumentTrust {
  const verifies = options.keyring !== "none";
  let keyring: Promise<Keyring> | undefined;
  const openKeyring = () => (keyring ??= loadKeyring(options.keyring));

  async function verify(url: string, document: string): Promise<TrustedText> {
    const now = options.timing.now();
    const verified = await verifyDocument({ document, name: url, keyring: await openKeyring(), now });
    const aheadMinutes = Math.ceil((verified.signature.signedAt.getTime() - now) / 60_000);
    if (aheadMinutes > 1) {
      options.onWarning(
        `${url}: signed ${aheadMinutes} min in the future; the clock of this machine may be slow.`,
      );
    }
    return verified;
  }

  async function readText(arrived: ArrivedDocument, document: string): Promise<TrustedText> {
    if (!arrived.path.endsWith(".sjson")) {
      if (!document.trimStart().startsWith("{")) throw notSimplestreams(arrived.url, document);
      if (!document.trimEnd().endsWith("}")) throw truncated(arrived.url);
      if (verifies) throw unsigned(arrived.url);
      return { text: document, signature: undefined };
    }
    if (document.trimStart().startsWith(BEGIN_MESSAGE) && !document.includes(END_SIGNATURE))
      throw truncated(arrived.url);
    if (verifies) return verify(arrived.url, document);
    return { text: splitSignedText(document, arrived.url).text, signature: undefined };
  }

  return {
    verifies,
    async trustedKeys() {
      if (!verifies) return [];
      // The built-in key is compared with its pinned fingerprint when it is used; naming it needs no OpenPGP.
      if (options.keyring === "builtin") return [JUJU_KEY_FINGERPRINT];
      const { fingerprints, revoked } = await openKeyring();
      return fingerprints.filter((fingerprint) => !revoked.includes(fingerprint));
    },
    async check(arrived) {
      const trusted = await readText(arrived, decodeDocument(arrived.bytes, arrived.url));
      return {
        ...arrived,
        sha256: sha256Of(arrived.bytes),
        text: trusted.text,
        signature: trusted.signature,
      };
    },
  };
}

/** A connection without length that ends early looks like a whole answer to HTTP; the text shows it. */
function truncated(url: string): JamError {
  return new JamError("JAM_UPSTREAM_TRUNCATED", `${url}: the document ends in the middle`, {
    hint: "Run the same command again; if it stays so, the file is damaged upstream.",
    details: { url },
  });
}

function unsigned(url: string): JamError {
  return new JamError("JAM_METADATA_UNSIGNED", `${url} is not signed.`, {
    hint: "Use an upstream with .sjson documents, or accept unsigned ones with: keyring: none (--no-verify).",
    details: { url },
  });
}
