import { splitSignedText } from "../simplestreams/signed-text.ts";
import { BINARY, checkSignature, signersOf, TEXT } from "./check-signature.ts";
import { canonicalBytes, readKeys } from "./clearsign.ts";
import type { Keyring } from "./keyring.ts";

/**
 * The text of a clear-signed block, as Juju believes it: the first signature by a known key decides, whatever follows
 * it. Revoked keys are unknown. The expiry of a key, the date of a signature, the `Hash` header and the armour's checksum
 * are not looked at, and packets of unknown kinds are passed over.
 * Source: golang.org/x/crypto/openpgp CheckDetachedSignature, EntityList.KeysByIdUsage, packet.Reader.Next
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID; Error with the reason
 */
export async function verifyAsJuju(block: string, name: string, keyring: Keyring): Promise<string> {
  const { text, signature: armoredSignature } = splitSignedText(block, name);
  const { readSignature, SignaturePacket } = await import("openpgp");
  const keys = await readKeys(keyring);
  for (const packet of (await readSignature({ armoredSignature })).packets) {
    if (!(packet instanceof SignaturePacket)) continue;
    const signers = signersOf(packet, keys).filter(({ key }) => key.revocationSignatures.length === 0);
    if (signers.length === 0) continue;
    const content = { bytes: canonicalBytes(text), kinds: [TEXT, BINARY] };
    await checkSignature(packet, content, { signers, now: packet.created ?? new Date() });
    return text;
  }
  throw new Error("signed by an unknown key");
}
