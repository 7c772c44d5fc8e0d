import { join } from "node:path";
import { openKeyFolder, type KeyFolder } from "../../src/openpgp/key-folder.ts";
import { type ErrorCode, JamError } from "../../src/shared/errors.ts";
import { temporaryFolder } from "./jam-process.ts";

/** A key folder with a clock of its own; it goes when the scope ends. */
export interface TestKeys extends KeyFolder, AsyncDisposable {
  readonly path: string;
  /** What its clock says. */
  now: Date;
}

/** An empty key folder, which is not there yet: `await using keys = await temporaryKeys()`. */
export async function temporaryKeys(now = new Date("2026-11-27T12:00:00Z")): Promise<TestKeys> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "site/jam-keys");
  const keys: TestKeys = {
    ...openKeyFolder(path, { now: () => keys.now }),
    path,
    now,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  return keys;
}

/** The code that a promise fails with; undefined when it does not fail. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  const error = await failureOf(promise);
  return error?.code;
}

/** The failure of ours that a promise ends with; undefined when it does not fail. Other failures go on. */
export async function failureOf(promise: Promise<unknown>): Promise<JamError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof JamError) return error;
    throw error;
  }
}
