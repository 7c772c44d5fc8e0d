import { join, relative } from "node:path";
import type { Key } from "openpgp";

import { makeFolder } from "../disk/durable-write.ts";
import { isJamError, JamError } from "../shared/errors.ts";
import { fingerprintOf, parseFingerprint } from "./fingerprint.ts";
import { believedKeys } from "./believed-keys.ts";
import { openOwnKey, openToOthers } from "./own-key.ts";
import type { SigningKey } from "./signing-key.ts";
import { readSigners, removeTrustedKey, writeTrustedKeys } from "./trusted-keys.ts";
import { verifyDetachedSignature, verifySignedText, type VerifiedSignature } from "./verify-signature.ts";
import { formatFingerprint } from "../shared/signature.ts";

/** A key whose signatures are trusted here. */
export interface TrustedKey {
  /** Of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  /** What its owner calls it; text from outside, and no proof of who that is. */
  readonly userIds: readonly string[];
  readonly createdAt: Date;
  /** True for the key of this side. */
  readonly isOwn: boolean;
}

/** The keys that sign and verify what is carried over an air gap. Juju's key is not among them. */
export interface KeyFolder {
  /**
   * The key of this side, if it has one; kept in memory after it was found.
   * @throws JamError JAM_KEYRING_INVALID, JAM_KEY_EXPOSED, JAM_STORE_…
   */
  own(): Promise<SigningKey | undefined>;
  /**
   * Creates the key of this side.
   * @throws JamError JAM_KEY_EXISTS, JAM_STORE_…
   */
  generate(options: { readonly userId: string; readonly now: Date }): Promise<SigningKey>;
  /**
   * Every trusted key: the own one first, then by fingerprint.
   * @throws JamError JAM_KEYRING_INVALID, JAM_STORE_…
   */
  list(): Promise<readonly TrustedKey[]>;
  /**
   * Problems of the folder: keys that are not trusted because they are damaged, have another name or are open to
   * other users, and folders in which others may put keys. All other keys are used.
   * @throws JamError JAM_KEYRING_INVALID, JAM_STORE_…
   */
  problems(): Promise<readonly JamError[]>;
  /**
   * Trusts the public keys in `bytes` from now on, armoured or binary; `name` is for messages. If one is refused, all are.
   * With `fingerprint` there may be no other key among them.
   * @throws JamError JAM_KEYRING_INVALID, JAM_USAGE_INVALID for an invalid fingerprint, JAM_STORE_…
   */
  trust(
    bytes: Uint8Array,
    name: string,
    options?: { readonly fingerprint?: string },
  ): Promise<readonly TrustedKey[]>;
  /**
   * Stops trusting a key, and returns its fingerprint. The own key cannot be removed this way.
   * @throws JamError JAM_KEY_NOT_FOUND, JAM_STORE_…
   */
  distrust(fingerprint: string): Promise<string>;
  /**
   * Who signed `bytes`. `allowsExpiredKey` accepts what a key signed before it expired; default false. No content of the
   * signature makes it fail otherwise than as below.
   * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED; JAM_KEYRING_INVALID, JAM_STORE_… for
   *   the folder itself
   */
  verifyDetached(
    bytes: Uint8Array,
    armoredSignature: string,
    name: string,
    options?: { readonly allowsExpiredKey?: boolean },
  ): Promise<VerifiedSignature>;
  /**
   * The signed text, ended by a line feed, and who signed it. No content of the text makes it fail otherwise than as
   * below.
   * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED; JAM_KEYRING_INVALID, JAM_STORE_… for
   *   the folder itself
   */
  verifyClearsigned(
    text: string,
    name: string,
  ): Promise<{ readonly text: string; readonly signature: VerifiedSignature }>;
}

export interface KeyFolderOptions {
  readonly now: () => Date;
  /** Absolute path of a folder that others can read, such as the data directory: keys are refused there. */
  readonly publicFolder?: string;
}

/**
 * The keys in `folder`, which may be missing: `secret.asc` is this side's own key, readable by its owner only;
 * `trusted/<FINGERPRINT>.asc` are those of others. OpenPGP is loaded when it is needed.
 * @throws JamError JAM_CONFIG_INVALID when the folder is inside `publicFolder`
 */
export function openKeyFolder(folder: string, options: KeyFolderOptions): KeyFolder {
  if (options.publicFolder !== undefined) requireOutside(folder, options.publicFolder);
  const ownKey = openOwnKey(folder);
  const trustedFolder = join(folder, "trusted");

  const believed = believedKeys(ownKey, { folder: trustedFolder, now: options.now });

  return {
    own: () => ownKey.read(),
    generate: ({ userId, now }) => ownKey.generate(userId, now),
    async list() {
      const { keys } = await believed.readKeys();
      return Promise.all(keys.map(({ key, isOwn }) => describeKey(key, isOwn, options.now())));
    },
    async problems() {
      const folders = await Promise.all([folder, trustedFolder].map(openToOthers));
      return [...(await believed.readKeys()).problems, ...folders.flatMap((problem) => problem ?? [])];
    },
    async trust(bytes, name, { fingerprint } = {}) {
      const now = options.now();
      const keys = await readSigners(bytes, name, { fingerprint, now }).catch((error: unknown) => {
        throw withHint(error);
      });
      const own = (await believed.readOwn()).own?.fingerprint;
      const isOwn = (key: Key) => fingerprintOf(key) === own;
      await makeFolder(folder, 0o700);
      await writeTrustedKeys(
        trustedFolder,
        keys.filter((key) => !isOwn(key)),
      );
      return Promise.all(keys.map((key) => describeKey(key, isOwn(key), now)));
    },
    async distrust(fingerprint) {
      const digits = parseFingerprint(fingerprint);
      if (digits !== undefined && (await removeTrustedKey(trustedFolder, digits))) return digits;
      throw keyNotFound(
        fingerprint,
        digits !== undefined && digits === (await believed.readOwn()).own?.fingerprint,
      );
    },
    verifyDetached: (bytes, armoredSignature, name, signed = {}) =>
      believed.verifying((trust) =>
        verifyDetachedSignature(bytes, armoredSignature, name, { ...trust, ...signed }),
      ),
    verifyClearsigned: (text, name) => believed.verifying((trust) => verifySignedText(text, name, trust)),
  };
}

function requireOutside(keys: string, data: string): void {
  if (/^\.\.(?:\/|$)/.test(relative(data, keys))) return;
  throw new JamError("JAM_CONFIG_INVALID", `The key folder ${keys} is in the data directory ${data}.`, {
    hint: "A web server may show the data directory. Set `keys` in jam.yaml, or JAM_KEYS, to a folder elsewhere.",
    details: { keys, data },
  });
}

/** The keys of this folder belong to other sites, not to an upstream. */
function withHint(error: unknown): unknown {
  if (!isJamError(error, "JAM_KEYRING_INVALID")) return error;
  return error.with({ hint: "On the side that signs, write it with: jam key export --to FILE" });
}

/** User ids that the key itself did not sign are omitted: anyone can add some to a public key. */
async function describeKey(key: Key, isOwn: boolean, now: Date): Promise<TrustedKey> {
  const createdAt = key.getCreationTime();
  const users = await key.verifyAllUsers(undefined, createdAt > now ? createdAt : now);
  return {
    fingerprint: fingerprintOf(key),
    userIds: users.filter(({ valid }) => valid === true).map(({ userID }) => userID),
    createdAt,
    isOwn,
  };
}

function keyNotFound(fingerprint: string, isOwn: boolean): JamError {
  const shown = formatFingerprint(parseFingerprint(fingerprint) ?? fingerprint);
  return new JamError(
    "JAM_KEY_NOT_FOUND",
    isOwn
      ? `Key ${shown} is the one that this side signs with.`
      : `No key with the fingerprint ${shown} is trusted here.`,
    {
      hint: isOwn
        ? "To sign with another one, move the key folder away, then run `jam key generate`."
        : "`jam key list` shows the trusted keys; give the whole fingerprint.",
      details: { fingerprint },
    },
  );
}
