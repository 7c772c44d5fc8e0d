import { toJamError } from "../shared/errors.ts";
import type { FoundFact } from "./finding.ts";

/** What the settings name and this mirror depends on; the settings themselves were read before. */
export interface SettingsUnderTest {
  /** Keyrings of the upstreams. Reading one fails where it is missing or damaged. */
  readonly keyrings: readonly {
    /** The upstream. */
    readonly name: string;
    /** A file, or `builtin`. */
    readonly keyring: string;
    readonly read: () => Promise<unknown>;
  }[];
  /** What is wrong with the keys that sign and verify bundles. */
  readonly readKeyProblems: () => Promise<readonly Error[]>;
}

/** Reads the keyrings and keys that the settings name. */
export async function checkSettings({ keyrings, readKeyProblems }: SettingsUnderTest): Promise<FoundFact[]> {
  const facts: FoundFact[] = [];
  for (const { name, keyring, read } of keyrings) {
    try {
      await read();
    } catch (error) {
      const found = `the keyring of the upstream ${name}: ${toJamError(error).message}`;
      facts.push({ kind: "settings-keyring", where: keyring, found });
    }
  }
  try {
    for (const problem of await readKeyProblems())
      facts.push({ kind: "settings-key", where: "keys", found: problem.message });
  } catch (error) {
    facts.push({ kind: "settings-key", where: "keys", found: toJamError(error).message });
  }
  return facts;
}
