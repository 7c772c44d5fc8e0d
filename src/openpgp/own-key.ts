import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { createFile } from "../disk/create-file.ts";
import { makeFolder } from "../disk/durable-write.ts";
import { attemptUnlessAbsent, isAbsent } from "../disk/io-error.ts";
import { removeTemporaries } from "../disk/remove-temporaries.ts";
import { JamError } from "../shared/errors.ts";
import { generateSecretKey, readSigningKey, type SigningKey } from "./signing-key.ts";

/** The key of this side, in `secret.asc` of a key folder. */
export interface OwnKey {
  /** Absolute path of the file. */
  readonly file: string;
  /**
   * The key, kept once it was found; undefined when there is none.
   * @throws JamError JAM_KEYRING_INVALID, JAM_STORE_…
   */
  read(): Promise<SigningKey | undefined>;
  /**
   * Makes the key. Of several that try at once, one succeeds.
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
    const armored = await attemptUnlessAbsent(`read ${file}`, () => readFile(file, "utf8"));
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

function keyExists(file: string): JamError {
  return new JamError("JAM_KEY_EXISTS", `This side has a signing key already: ${file}.`, {
    hint: "Use it (`jam key list`), or move the key folder away first; every site then has to trust the new key.",
    details: { file },
  });
}
