import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Key } from "openpgp";

import {
  listNames,
  makeFolder,
  removeFile,
  replaceFile,
  syncFolder,
  removeTemporaries,
} from "../disk/durable-write.ts";
import { attemptUnlessAbsent } from "../disk/io-error.ts";
import { isJamError, JamError } from "../shared/errors.ts";
import { fingerprintOf, parseFingerprint } from "./fingerprint.ts";
import { parseKeyring } from "./keyring.ts";
import { reasonOf } from "./signature-fault.ts";
import { formatFingerprint, formatFingerprints } from "../shared/signature.ts";

const FILE = /^(?<fingerprint>[0-9A-F]{40}|[0-9A-F]{64})\.asc$/;

/** Sites and makers of bundles are counted in tens. Reading a key takes about a millisecond, at every command. */
const MAX_KEYS = 1000;

/** The keys of a folder, and why other files in it are not trusted. */
export interface TrustedKeys {
  readonly keys: readonly Key[];
  readonly problems: readonly JamError[];
}

/**
 * The keys in `<folder>/<FINGERPRINT>.asc`, by fingerprint; other names are not ours and are left alone. A file that
 * is not what its name says is named, and the others count.
 * @throws JamError JAM_KEYRING_INVALID for a folder of more keys than anybody trusts, JAM_STORE_…
 */
export async function readTrustedKeys(folder: string): Promise<TrustedKeys> {
  const names = (await listNames(folder)).filter((name) => FILE.test(name)).sort();
  if (names.length > MAX_KEYS) throw tooMany(folder, names.length);
  const keys: Key[] = [];
  const problems: JamError[] = [];
  for (const name of names) {
    try {
      const key = await readNamedKey(join(folder, name), name);
      if (key !== undefined) keys.push(key);
    } catch (error) {
      if (!isJamError(error)) throw error;
      problems.push(error);
    }
  }
  return { keys, problems };
}

async function readNamedKey(path: string, name: string): Promise<Key | undefined> {
  const fingerprint = FILE.exec(name)?.groups?.["fingerprint"];
  const bytes = await attemptUnlessAbsent(`read ${path}`, () => readFile(path));
  if (bytes === undefined) return undefined;
  const [key, ...others] = await readPublicKeys(bytes, path);
  if (key !== undefined && others.length === 0 && fingerprintOf(key) === fingerprint) return key;
  throw new JamError("JAM_KEYRING_INVALID", `Keyring ${path}: it does not contain the key of its name`, {
    hint: "Move the file away, then trust the right one with: jam key trust FILE.",
    details: { keyring: path },
  });
}

function tooMany(folder: string, count: number): JamError {
  return new JamError(
    "JAM_KEYRING_INVALID",
    `The folder ${folder} contains ${count} keys; at most ${MAX_KEYS} are read.`,
    {
      hint: "Look who put them there; move away those whose owners sign nothing for this side.",
      details: { keyring: folder, count, most: MAX_KEYS },
    },
  );
}

/**
 * Adds or renews keys, each durably.
 * @throws JamError JAM_STORE_…
 */
export async function writeTrustedKeys(folder: string, keys: readonly Key[]): Promise<void> {
  await makeFolder(folder, 0o700);
  await removeTemporaries(folder);
  for (const key of keys) {
    const path = join(folder, `${fingerprintOf(key)}.asc`);
    await replaceFile(path, new TextEncoder().encode(key.armor().replaceAll("\r\n", "\n")));
  }
}

/** False when there is no such key. */
export async function removeTrustedKey(folder: string, fingerprint: string): Promise<boolean> {
  const isRemoved = await removeFile(join(folder, `${fingerprint}.asc`));
  if (isRemoved) await syncFolder(folder);
  return isRemoved;
}

/**
 * The public keys in `bytes`, armoured or binary; `name` is for messages.
 * @throws JamError JAM_KEYRING_INVALID
 */
export async function readPublicKeys(bytes: Uint8Array, name: string): Promise<Key[]> {
  const { readKey } = await import("openpgp");
  const keyring = await parseKeyring(bytes, name);
  return Promise.all(keyring.keys.map((key) => readKey({ binaryKey: Uint8Array.from(key) })));
}

/**
 * The public keys in `bytes`, each of which may vouch for something today, and none with another `fingerprint`.
 * @throws JamError JAM_KEYRING_INVALID, JAM_USAGE_INVALID for an invalid fingerprint
 */
export async function readSigners(
  bytes: Uint8Array,
  name: string,
  { fingerprint, now }: { readonly fingerprint: string | undefined; readonly now: Date },
): Promise<Key[]> {
  const all = await readPublicKeys(bytes, name);
  const keys = [...new Map(all.map((key) => [fingerprintOf(key), key])).values()];
  if (fingerprint !== undefined) requireFingerprint(keys.map(fingerprintOf), name, fingerprint);
  for (const key of keys) await requireSigner(key, name, now);
  return keys;
}

/** Refuses a key that could not vouch for anything: expired, revoked, too weak, or not for signing. */
async function requireSigner(key: Key, name: string, now: Date): Promise<void> {
  const createdAt = key.getCreationTime();
  await key.getSigningKey(undefined, createdAt > now ? createdAt : now).catch((cause: unknown) => {
    const fingerprint = fingerprintOf(key);
    const reason = `its key ${formatFingerprint(fingerprint)} cannot vouch for anything: ${reasonOf(cause)}`;
    throw new JamError("JAM_KEYRING_INVALID", `Keyring ${name}: ${reason}`, {
      hint: "Ask its owner for the public key that is in use now.",
      details: { keyring: name, fingerprint, reason },
      cause,
    });
  });
}

function requireFingerprint(actual: readonly string[], name: string, fingerprint: string): void {
  const expected = parseFingerprint(fingerprint);
  if (expected === undefined) {
    throw new JamError("JAM_USAGE_INVALID", `"${fingerprint}" is not a valid fingerprint.`, {
      hint: "Give all 40 hexadecimal digits of it, with or without blanks.",
      details: { fingerprint },
    });
  }
  if (actual.every((each) => each === expected)) return;
  throw new JamError(
    "JAM_KEYRING_INVALID",
    `Keyring ${name}: expected key ${formatFingerprint(expected)}, got ${formatFingerprints(actual)}`,
    {
      hint: "The trusted keys are unchanged. Ask the owner of the key which of the two is right.",
      details: { keyring: name, expected, actual },
    },
  );
}
