import { open, stat } from "node:fs/promises";
import { join } from "node:path";

import { createFile } from "../disk/create-file.ts";
import { makeFolder, removeTemporaries } from "../disk/durable-write.ts";
import { attemptUnlessAbsent } from "../disk/io-error.ts";
import { isAbsent, JamError } from "../shared/errors.ts";
import { generateSecretKey, readSigningKey, type SigningKey } from "./signing-key.ts";

/** The key of this side, in `secret.asc` of a key folder. */
export interface OwnKey {
  /** Absolute path of the file. */
  readonly file: string;
  /**
   * The key, kept in memory after it was found; undefined when there is none.
   * @throws JamError JAM_KEYRING_INVALID, JAM_KEY_EXPOSED, JAM_STORE_…
   */
  read(): Promise<SigningKey | undefined>;
  /**
   * Creates the key. If several try at the same time, one succeeds.
   * @throws JamError JAM_KEY_EXISTS, JAM_STORE_…
   */
  generate(userId: string, now: Date): Promise<SigningKey>;
}

/** The own key in `folder`, which need not be there. */
export function openOwnKey(folder: string): OwnKey {
  const file = join(folder, "secret.asc");
  let found: SigningKey | undefined;

  async function read(): Promise<SigningKey | undefined> {
    if (found !== undefined) return found;
    const armored = await attemptUnlessAbsent(`read ${file}`, () => readPrivately(file));
    if (armored !== undefined) found = await readSigningKey(armored, file);
    return found;
  }

  return {
    file,
    read,
    async generate(userId, now) {
      if ((await read()) !== undefined) throw keyExists(file);
      const armored = await generateSecretKey(userId, now);
      await makeFolder(folder, 0o700);
      const isMade = await createFile(file, Buffer.from(armored), 0o600).catch(async (error: Error) => {
        // Whoever was faster clears our unfinished file away below, as the remains of a crash.
        if (isAbsent(error.cause) && (await read()) !== undefined) return false;
        throw error;
      });
      if (!isMade) throw keyExists(file);
      // A run that was killed here before left a secret key that nobody uses.
      await removeTemporaries(folder);
      return (found = await readSigningKey(armored, file));
    },
  };
}

/** Anything in the mode that is not the owner's. */
const OTHERS = 0o077;

/**
 * The text of a file that is for its owner alone. As in ssh only the owner is held to that: who else can read it was
 * given the right to, as a service that gets its secrets mounted.
 * Source: OpenSSH authfile.c sshkey_perm_ok
 */
async function readPrivately(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { mode, uid } = await handle.stat();
    if (uid === process.getuid?.() && (mode & OTHERS) !== 0) throw keyExposed(file, mode & 0o777);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function keyExposed(file: string, mode: number): JamError {
  const octal = mode.toString(8).padStart(4, "0");
  return new JamError(
    "JAM_KEY_EXPOSED",
    `The secret key ${file} has the mode ${octal}: other users of this machine can use it. It is not used here.`,
    {
      hint: `Run: chmod 600 ${file}. If somebody may have read it, create another key instead. On a file system without modes (FAT, SMB), set \`keys\` in jam.yaml to a folder elsewhere.`,
      details: { file, mode: octal },
    },
  );
}

/** The problem of a key folder in which other users may put keys, which would be trusted. */
export async function openToOthers(folder: string): Promise<JamError | undefined> {
  const found = await attemptUnlessAbsent(`read ${folder}`, () => stat(folder));
  if (found === undefined || (found.mode & 0o022) === 0) return undefined;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
  return new JamError(
    "JAM_KEY_EXPOSED",
    `The key folder ${folder} has the mode ${mode}: other users of this machine can add keys that are trusted here.`,
    { hint: `Run: chmod go-w ${folder}, then look at jam key list.`, details: { folder, mode } },
  );
}

function keyExists(file: string): JamError {
  return new JamError("JAM_KEY_EXISTS", `This side has a signing key already: ${file}.`, {
    hint: "Use it (`jam key list`), or move the key folder away first; every site then has to trust the new key.",
    details: { file },
  });
}
