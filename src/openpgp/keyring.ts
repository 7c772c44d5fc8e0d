import { readFile } from "node:fs/promises";
import type { Key } from "openpgp";

import { textWithMark } from "../shared/decode-text.ts";
import { isAbsent, JamError } from "../shared/errors.ts";
import { describeSystemError } from "../shared/system-words.ts";
import { MAX_KEYRING_BYTES } from "../shared/limits.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { JUJU_KEY_ARMORED, JUJU_KEY_FINGERPRINT } from "./juju-key.ts";

/** Public keys that metadata may be signed with. Plain values, so that a worker thread can have them too. */
export interface Keyring {
  /** Fingerprints of the primary keys, upper-case hex. */
  readonly fingerprints: readonly string[];
  /** Revoked keys: they are known, so that messages can name them, but verify nothing. */
  readonly revoked: readonly string[];
  /** The keys in binary form. */
  readonly keys: readonly Uint8Array[];
}

/**
 * The keys of `builtin`, the Juju key, or of a file: armoured or binary, one key or several.
 * @throws JamError JAM_KEYRING_INVALID
 */
export async function loadKeyring(source: string): Promise<Keyring> {
  if (source === "builtin") return parseBuiltinKey(JUJU_KEY_ARMORED);
  return parseKeyring(await readKeyringFile(source), source);
}

/**
 * The built-in key, if it is the one that is pinned.
 * @throws JamError JAM_KEYRING_INVALID
 */
export async function parseBuiltinKey(armored: string): Promise<Keyring> {
  const keyring = await parseKeyring(new TextEncoder().encode(armored), "builtin");
  if (keyring.fingerprints.length === 1 && keyring.fingerprints[0] === JUJU_KEY_FINGERPRINT) return keyring;
  throw new JamError("JAM_KEYRING_INVALID", "The built-in key is not the Juju key", {
    hint: "This installation of jam was altered. Install it again from a place that you trust.",
    details: { expected: JUJU_KEY_FINGERPRINT, actual: keyring.fingerprints },
  });
}

/**
 * The keys in `bytes`; `name` is for messages.
 * @throws JamError JAM_KEYRING_INVALID
 */
export async function parseKeyring(bytes: Uint8Array, name: string): Promise<Keyring> {
  const { readKeys } = await import("openpgp");
  const keys: Key[] = [];
  try {
    const text = textWithMark(bytes) ?? new TextDecoder("latin1").decode(bytes);
    const blocks = armoredBlocks(text);
    if (blocks.length === 0) keys.push(...(await readKeys({ binaryKeys: bytes })));
    for (const armoredKeys of blocks) keys.push(...(await readKeys({ armoredKeys })));
  } catch (cause) {
    throw invalid(name, "it contains no OpenPGP public key", cause);
  }
  if (keys.length === 0) throw invalid(name, "it contains no OpenPGP public key");
  if (keys.some((key) => key.isPrivate())) {
    throw invalid(name, "it contains a secret key, which must not be on a mirror");
  }
  const revoked: string[] = [];
  for (const key of keys) if (await key.isRevoked()) revoked.push(fingerprintOf(key));
  return {
    fingerprints: keys.map(fingerprintOf),
    revoked,
    keys: keys.map((key) => key.write()),
  };
}

/** Each block from its BEGIN to its END line, in one pass: a pattern would look for the end of each beginning anew. */
function armoredBlocks(text: string): string[] {
  const blocks: string[] = [];
  let begin = text.indexOf(BEGIN);
  while (begin !== -1) {
    const end = text.indexOf(END, begin);
    const close = end === -1 ? -1 : text.indexOf("-----", end + END.length);
    if (close === -1) break;
    blocks.push(text.slice(begin, close + "-----".length));
    begin = text.indexOf(BEGIN, close);
  }
  return blocks;
}

const BEGIN = "-----BEGIN PGP ";
const END = "-----END PGP ";

async function readKeyringFile(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const reason = describeSystemError(cause, file) ?? "it cannot be read";
    throw invalid(file, reason, cause).with({ hint: isAbsent(cause) ? ABSENT_HINT : UNREADABLE_HINT });
  });
  if (bytes.length > MAX_KEYRING_BYTES) throw invalid(file, "it is too large to be one");
  return bytes;
}

const ABSENT_HINT =
  "Correct the path: `keyring` of this upstream in jam.yaml, or --keyring. The Juju key needs no file: keyring: builtin.";
const UNREADABLE_HINT =
  "Let this user read the file, or name another one as `keyring` in jam.yaml or with --keyring.";

function invalid(name: string, reason: string, cause?: unknown): JamError {
  return new JamError("JAM_KEYRING_INVALID", `Keyring ${name}: ${reason}`, {
    hint: "Export the public key with: gpg --export --armor FINGERPRINT > FILE. The Juju key is there as: builtin.",
    details: { keyring: name, reason },
    cause,
  });
}
