import type { Key } from "openpgp";

import { isJamError, type JamError } from "../shared/errors.ts";
import { formatCount } from "../shared/listed.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { OwnKey } from "./own-key.ts";
import type { SigningKey } from "./signing-key.ts";
import { readPublicKeys, readTrustedKeys } from "./trusted-keys.ts";
import type { Trust } from "./verify-signature.ts";

/** Every trusted key, and why others are not trusted. */
export interface KnownKeys {
  readonly keys: readonly { readonly key: Key; readonly isOwn: boolean }[];
  readonly problems: readonly JamError[];
}

/** The keys that signatures are compared with. */
export interface BelievedKeys {
  /** The own key for comparing: what is wrong with it is a problem of who signs. */
  readOwn(): Promise<{ readonly own?: SigningKey; readonly problems: readonly JamError[] }>;
  readKeys(): Promise<KnownKeys>;
  /** The result of `verify`; an unknown signer may be unknown because its key could not be used. */
  verifying<T>(verify: (trust: Trust) => Promise<T>): Promise<T>;
}

/** The own key and those in a folder. Signatures by a key that cannot be used are not trusted; the other keys are used. */
export function believedKeys(
  ownKey: OwnKey,
  { folder, now }: { readonly folder: string; readonly now: () => Date },
): BelievedKeys {
  async function readOwn(): Promise<{ readonly own?: SigningKey; readonly problems: readonly JamError[] }> {
    try {
      const own = await ownKey.read();
      return own === undefined ? { problems: [] } : { own, problems: [] };
    } catch (error) {
      if (!isJamError(error, "JAM_KEYRING_INVALID", "JAM_KEY_EXPOSED")) throw error;
      return { problems: [error] };
    }
  }

  async function readKeys(): Promise<KnownKeys> {
    const { own, problems } = await readOwn();
    const ownKeys =
      own === undefined ? [] : await readPublicKeys(Buffer.from(own.publicKeyArmored), ownKey.file);
    const others = await readTrustedKeys(folder);
    const keys = [
      ...ownKeys.map((key) => ({ key, isOwn: true })),
      ...others.keys
        .filter((key) => fingerprintOf(key) !== own?.fingerprint)
        .map((key) => ({ key, isOwn: false })),
    ];
    return { keys, problems: [...problems, ...others.problems] };
  }

  async function verifying<T>(verify: (trust: Trust) => Promise<T>): Promise<T> {
    const { keys, problems } = await readKeys();
    try {
      return await verify({ keys: keys.map(({ key }) => key), now: now() });
    } catch (error) {
      throw withProblems(error, problems);
    }
  }

  return { readOwn, readKeys, verifying };
}

/** A signer may be unknown because its key could not be read. */
function withProblems(error: unknown, problems: readonly JamError[]): unknown {
  const [first] = problems;
  if (first === undefined || !isJamError(error, "JAM_SIGNER_UNKNOWN")) return error;
  return error.with({
    hint: `The key folder has ${formatCount(problems.length, "file")} that jam does not use; \`jam key list\` shows why (${first.message}). ${error.hint ?? ""}`,
  });
}
