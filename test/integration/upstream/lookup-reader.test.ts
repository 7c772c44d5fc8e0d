import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { createLookupReader } from "../../../src/upstream/lookup-reader.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

function openReader(base: string, caFile: string | undefined) {
  return createLookupReader({
    bases: [base],
    keyring: "builtin",
    environment: {},
    userAgent: "jam/test",
    caFile,
    idleTimeoutMs: 1_000,
    isOffline: false,
    signal: new AbortController().signal,
  });
}

describe("a file of certificate authorities", () => {
  test("that is missing is an error of the settings, not an unreachable server", async () => {
    await using folder = await temporaryFolder();
    const reader = openReader("https://127.0.0.1:1", join(folder.path, "missing.pem"));
    await expect(reader.fetchDocument("https://127.0.0.1:1/x")).rejects.toMatchObject({
      code: "JAM_CONFIG_INVALID",
    });
  });

  test("without a certificate is one, too, also when only headers are requested", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "empty.pem");
    await writeFile(file, "not a certificate\n");
    const reader = openReader("https://127.0.0.1:1", file);
    await expect(reader.probe("https://127.0.0.1:1/x", "*/*")).rejects.toMatchObject({
      code: "JAM_CONFIG_INVALID",
    });
  });

  test("is not read for a folder", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "x"), "here");
    const base = pathToFileURL(folder.path).href;
    const answer = await openReader(base, "/missing.pem").fetchDocument(`${base}/x`);
    expect(answer).toMatchObject({ kind: "answer", status: 200 });
  });
});
