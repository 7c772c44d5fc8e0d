/** Keys as two operators exchange them. */
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JAM, runJam, runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { peer } from "../helpers/peers.ts";
import { byTier } from "../helpers/tier.ts";

interface KeyDocument {
  readonly key: { readonly fingerprint: string; readonly userId: string; readonly createdAt: string };
}
interface KeysDocument {
  readonly keys: readonly { readonly fingerprint: string; readonly own: boolean }[];
}

/** A side of the gap: a folder with settings. */
async function startSite(settings: string) {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, "jam.yaml"), settings);
  return {
    path: folder.path,
    jam: (...args: string[]) => runJam(["key", ...args], { cwd: folder.path }),
    json: async <T>(...args: string[]) =>
      JSON.parse((await runJam(["key", ...args, "-o", "json"], { cwd: folder.path })).stdout) as T,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const grouped = (fingerprint: string) => fingerprint.replaceAll(/(.{4})(?=.)/g, "$1 ");

test("two sides exchange keys and compare fingerprints", async () => {
  await using lab = await startSite("site: lab\n");
  await using plant = await startSite("site: plant-7\nkeys: secrets/jam\n");
  expect((await plant.jam("list")).stdout).toContain("There are no keys in");
  expect(await plant.jam("export")).toMatchObject({ status: 2, stdout: "" });

  const { key } = await lab.json<KeyDocument>("generate");
  expect(key).toEqual({
    fingerprint: expect.stringMatching(/^[0-9A-F]{40}$/) as string,
    userId: "lab",
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
  });
  expect((await stat(join(lab.path, "jam-keys/secret.asc"))).mode & 0o777).toBe(0o600);
  const exported = await lab.jam("export");
  expect(exported.stdout).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
  const file = join(plant.path, "lab.asc");
  expect((await lab.jam("export", "--to", file)).stdout).toContain(grouped(key.fingerprint));
  expect(await readFile(file, "utf8")).toBe(exported.stdout);

  const trusted = await plant.jam("trust", "lab.asc");
  expect(trusted.stdout).toBe(`Trusted from now on: lab\n  ${grouped(key.fingerprint)}\n`);
  expect(trusted.stderr).toContain("Compare the fingerprint");
  const own = await plant.json<KeyDocument>("generate", "--name", "Plant 7 <ops@plant.example>");
  expect(own.key.userId).toBe("Plant 7 <ops@plant.example>");
  expect((await plant.json<KeysDocument>("list")).keys.map((each) => [each.fingerprint, each.own])).toEqual([
    [own.key.fingerprint, true],
    [key.fingerprint, false],
  ]);
  expect(await readdir(join(plant.path, "secrets/jam"))).toEqual(["secret.asc", "trusted"]);
  expect((await plant.jam("list")).stdout).toContain(
    `${grouped(key.fingerprint)}  ${key.createdAt.slice(0, 10)}`,
  );

  const distrusted = await plant.jam("distrust", ...grouped(key.fingerprint).split(" "));
  expect(distrusted.stdout).toContain("no longer trusted");
  expect((await plant.json<KeysDocument>("list")).keys).toHaveLength(1);
  expect(await plant.json("distrust", key.fingerprint)).toMatchObject({
    error: { code: "JAM_KEY_NOT_FOUND" },
  });
});

test("a key arrives on standard input, and the wrong one is refused", async () => {
  await using lab = await startSite("site: lab\n");
  const { key } = await lab.json<KeyDocument>("generate");
  const { stdout: input } = await lab.jam("export");
  await using far = await startSite("{}\n");
  const trust = (fingerprint: string) =>
    runJam(["key", "trust", "-", "--fingerprint", fingerprint], { cwd: far.path, input });

  const refused = await trust("0".repeat(40));
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(grouped(key.fingerprint))]);
  const taken = await trust(grouped(key.fingerprint));
  expect([taken.status, taken.stderr]).toEqual([0, ""]);
});

test("nothing that is there is replaced, and a secret key is not taken", async () => {
  await using lab = await startSite("site: lab\n");
  await lab.jam("generate");
  expect(await lab.json("generate")).toMatchObject({ error: { code: "JAM_KEY_EXISTS" } });

  const secret = join(lab.path, "jam-keys/secret.asc");
  const before = await readFile(secret, "utf8");
  expect((await lab.jam("export", "--to", secret)).stderr).toContain("exists already");
  expect(await readFile(secret, "utf8")).toBe(before);
  expect((await lab.jam("export", "--to", "lab.asc")).status).toBe(0);
  expect((await lab.jam("export", "--to", "lab.asc")).status).toBe(0);

  await using far = await startSite("{}\n");
  expect(await far.json("trust", secret)).toMatchObject({ error: { code: "JAM_KEYRING_INVALID" } });
  expect(await far.json("trust", "none.asc")).toMatchObject({ error: { code: "JAM_USAGE_INVALID" } });
  expect(await readdir(far.path)).toEqual(["jam.yaml"]);
});

test("keys are kept out of the data directory, which web servers show", async () => {
  for (const settings of ["keys: mirror-data/keys\n", "data: .\n", "keys: mirror-data\n"]) {
    await using site = await startSite(settings);
    const { status, stderr } = await site.jam("generate", "--name", "x");
    expect([status, stderr]).toEqual([2, expect.stringContaining("JAM_CONFIG_INVALID")]);
    expect(await readdir(site.path)).toEqual(["jam.yaml"]);
  }
  await using beside = await startSite("data: jam\nkeys: jam-keys\n");
  expect((await beside.jam("generate", "--name", "x")).status).toBe(0);
});

test.for(["", " ", "a\u001b[2Jb", "x".repeat(201)])("no key is called %j", async (name) => {
  await using site = await startSite("{}\n");
  const { status, stderr } = await site.jam("generate", "--name", name);
  expect([status, stderr]).toEqual([2, expect.stringContaining("JAM_USAGE_INVALID")]);
  expect(stderr).not.toContain("\u001b");
});

const strace = peer("strace");

describe.skipIf(strace.isMissing)(`killed${strace.note}`, () => {
  test.for(["mkdir", "pwrite64", "fsync", "link", "unlink"])(
    "at any %s, generating leaves no key or a whole one, and works the next time",
    async (call) => {
      let kills = 0;
      for (let when = 1; when <= 8; when += byTier({ quick: 2, all: 1 })) {
        await using site = await startSite("site: lab\n");
        const inject = `inject=${call}:signal=KILL:when=${when}`;
        const { signal } = await runProcess(
          "strace",
          [
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            `trace=${call}`,
            "-e",
            inject,
            process.execPath,
            JAM,
            "key",
            "generate",
          ],
          { cwd: site.path, env: { UV_THREADPOOL_SIZE: "1" } },
        );
        const hadKey = (await site.json<KeysDocument>("list")).keys.length;
        const again = await site.jam("generate");
        expect(again.status).toBe(hadKey === 0 ? 0 : 2);
        expect((await site.json<KeysDocument>("list")).keys).toHaveLength(1);
        if (hadKey === 0) expect(await readdir(join(site.path, "jam-keys"))).toEqual(["secret.asc"]);
        if (signal === null) break;
        kills++;
      }
      expect(kills).toBeGreaterThan(0);
    },
  );
});
