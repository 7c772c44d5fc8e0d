/** What the far side has, told to the near one: inventories, receipts and sites, as operators type it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSiteInventory } from "../../src/bundle/site/site-inventory.ts";
import { openKeys } from "../../src/compose/store.ts";
import { fleetFiles } from "../helpers/example-fleet.ts";
import { runJam, type Finished } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { formatFingerprint } from "../../src/shared/signature.ts";

const verify = () => Promise.reject(new Error("no signature is asked for"));

let upstream: TestUpstream;
let near: TestMirror;
let far: TestMirror;
let fingerprint: string;

beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["2.9.60", "3.6.26", "3.6.27", "4.0.15"],
    arches: ["amd64", "arm64"],
  });
  near = await temporaryMirror(upstream);
  far = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: "<3.6.27" }],
    site: "plant-7",
  });
  await Promise.all([near.sync(), far.sync()]);
  const own = await keysOf(far).then((keys) => keys.generate({ userId: "plant-7", now: new Date() }));
  ({ fingerprint } = own);
  await (await keysOf(near)).trust(Buffer.from(own.publicKeyArmored), "plant-7.asc");
});

afterAll(async () => {
  for (const one of [near, far, upstream]) await one[Symbol.asyncDispose]();
});

function keysOf({ folder, data }: TestMirror) {
  return openKeys({ data, keys: join(folder, "jam-keys") });
}

/** `jam bundle receipt` in a mirror's folder. */
function receipt(cwd: string, ...args: string[]): Promise<Finished> {
  return runJam(["bundle", "receipt", ...args], { cwd });
}

interface SiteDocument {
  readonly sites: readonly {
    readonly name: string;
    readonly outcome?: string;
    readonly createdAt: string;
    readonly signedBy: string | null;
    readonly behind?: { readonly versions: number; readonly agents: number; readonly bytes: number };
    readonly nextDelta?: { readonly bytes: number };
  }[];
}

async function site(...args: string[]): Promise<SiteDocument> {
  const { status, stdout, stderr } = await near.here("site", ...args, "-o", "json");
  expect(status, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as SiteDocument;
}

describe("an inventory", () => {
  test("of a mirror goes to standard output as JSON, its summary to standard error", async () => {
    const { status, stdout, stderr } = await far.here("inventory");
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^\d+ agents, /),
    });
    const have = await readSiteInventory({ name: "inventory.json", text: stdout }, { verify });
    expect(have.site).toBe("plant-7");
    const yaml = await far.here("inventory", "-o", "yaml");
    expect(Object.keys(JSON.parse(yaml.stdout) as object)).toContain("tarballs");
  });

  test("goes to a file when told so", async () => {
    const { status, stdout, stderr } = await far.here("inventory", "--to", "inventory.json");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain(`Written to ${join(far.folder, "inventory.json")}.`);
    const text = await readFile(join(far.folder, "inventory.json"), "utf8");
    expect(text).not.toContain(far.folder);
    await expect(readSiteInventory({ name: "i", text }, { verify })).resolves.toHaveProperty(
      "site",
      "plant-7",
    );
  });

  test("of a fleet holds versions and architectures, and nothing else of it", async () => {
    await mkdir(join(far.folder, "fleet"));
    for (const [name, text] of fleetFiles()) await writeFile(join(far.folder, "fleet", name), text);
    const { status, stdout, stderr } = await far.here("inventory", "--fleet", "fleet");
    expect(status, stderr).toBe(0);
    expect(stdout).not.toMatch(/prod|billing|haproxy|machine/);
    expect(stderr).toContain("amd64, arm64 is assumed for those");
    const have = await readSiteInventory({ name: "fleet.json", text: stdout }, { verify });
    expect(have.fleet).toContainEqual({ version: "2.9.42", release: "ubuntu", arch: "arm64" });
  });

  test.for([
    [["inventory", "--to", "nowhere/i.json"], "JAM_USAGE_INVALID"],
    [["inventory", "--fleet", "jam.yaml"], "JAM_FLEET_INVALID"],
    [["inventory", "--fleet", "nowhere"], "JAM_USAGE_INVALID"],
  ] as const)("jam %s is refused", async ([args, code]) => {
    const { status, stdout } = await far.here(...args, "-o", "json");
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });
});

describe("a receipt", () => {
  test("is signed text for people and programs", async () => {
    const plain = await receipt(far.folder);
    expect(plain.status, plain.stderr).toBe(0);
    expect(plain.stdout).toMatch(/^-----BEGIN PGP SIGNED MESSAGE-----\n/);
    expect(plain.stderr).toContain(`signed by ${formatFingerprint(fingerprint)}`);
    const { stdout } = await receipt(far.folder, "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      receipt: {
        site: "plant-7",
        agents: expect.any(Number),
        signedBy: fingerprint,
        text: expect.any(String),
      },
    });
  });

  test("shows as QR codes", async () => {
    const { status, stdout } = await receipt(far.folder, "--qr");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^[█▀▄ \n]+$/);
  });

  test("needs a name and a key", async () => {
    const nameless = await receipt(near.folder, "-o", "json");
    expect({ status: nameless.status, ...JSON.parse(nameless.stdout) }).toMatchObject({
      status: 2,
      error: { code: "JAM_USAGE_INVALID", hint: expect.stringContaining("--site") },
    });
    const keyless = await receipt(near.folder, "--site", "lab", "-o", "json");
    expect(JSON.parse(keyless.stdout)).toMatchObject({
      error: { code: "JAM_KEY_NOT_FOUND", hint: expect.stringContaining("jam key generate") },
    });
    const unsigned = await receipt(near.folder, "--site", "lab", "--unsigned");
    expect(JSON.parse(unsigned.stdout)).toMatchObject({ format: "jam-receipt:1", site: "lab" });
    const bad = await receipt(near.folder, "--site", "Lab 1", "-o", "json");
    expect(JSON.parse(bad.stdout)).toMatchObject({ error: { code: "JAM_USAGE_INVALID" } });
  });
});

describe("the near side", () => {
  test("takes a receipt in and knows what the site lacks", async () => {
    const { stdout: empty } = await near.here("site", "list");
    expect(empty).toContain("No receipts imported yet");
    await receipt(far.folder, "--to", join(near.folder, "first.receipt"));
    const taken = await site("update", "first.receipt");
    expect(taken.sites).toMatchObject([{ name: "plant-7", outcome: "updated", signedBy: fingerprint }]);
    const { sites } = await site("list");
    const { agents } = JSON.parse((await near.here("list", "-o", "json")).stdout) as {
      agents: { version: string; sha256: string; size: number }[];
    };
    const missing = agents.filter(({ version }) => ["3.6.27", "4.0.15"].includes(version));
    const sizes = new Map(missing.map(({ sha256, size }) => [sha256, size]));
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(sites[0]?.behind).toEqual({ versions: 2, agents: missing.length, bytes });
    expect(sites[0]?.nextDelta?.bytes).toBeGreaterThanOrEqual(bytes);
    const table = await near.here("site", "list");
    expect(table.stdout).toMatch(
      /^SITE .*\nplant-7 .* old .* 2 versions, .*(?:[0-9A-F]{4} ){9}[0-9A-F]{4}\n$/,
    );
  });

  test("keeps to the later receipt, whichever comes last", async () => {
    await far.configure({ select: [{ stream: "released" }] });
    await far.sync();
    const { stdout: later } = await receipt(far.folder);
    const mailed = `Hello,\r\n\r\n${later.replaceAll("\n", "\r\n")}\r\nBye\r\n`;
    const piped = await runJam(["site", "update", "-"], { cwd: near.folder, input: mailed });
    expect(piped).toMatchObject({ status: 0, stdout: expect.stringContaining("plant-7: held") });
    expect((await site("update", "first.receipt")).sites).toMatchObject([{ outcome: "outdated" }]);
    const again = await near.here("site", "update", "first.receipt");
    expect(again.stdout).toContain("nothing changed: this receipt is older than the last one");
    const table = await near.here("site", "list");
    expect(table.stdout).toContain("up to date");
    expect((await site("list")).sites[0]?.behind).toEqual({ versions: 0, agents: 0, bytes: 0 });
  });

  test("refuses receipts that nobody vouches for, and changes nothing then", async () => {
    const text = await readFile(join(near.folder, "first.receipt"), "utf8");
    const files = {
      "changed.receipt": text.replace('"agents": ', '"agents": 1'),
      "cut.receipt": text.slice(0, 300),
      "cr.receipt": text.replace('"site": "pl', '"site": "pl\r'),
      "cr-between.receipt": text.replace("{\n", "{\r \n"),
      "plain.receipt": (await receipt(near.folder, "--site", "lab", "--unsigned")).stdout,
      "other.receipt": "Dear all,",
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(near.folder, name), content);
    const cases = [
      ["changed.receipt", 4, "JAM_SIGNATURE_INVALID"],
      ["cut.receipt", 4, "JAM_SIGNATURE_INVALID"],
      ["cr.receipt", 4, "JAM_SIGNATURE_INVALID"],
      ["cr-between.receipt", 4, "JAM_SIGNATURE_INVALID"],
      ["plain.receipt", 4, "JAM_SIGNATURE_MISSING"],
      ["other.receipt", 2, "JAM_RECEIPT_INVALID"],
    ] as const;
    for (const [name, status, code] of cases) {
      const finished = await near.here("site", "update", name, "-o", "json");
      expect({ name, status: finished.status }).toEqual({ name, status });
      expect(JSON.parse(finished.stdout)).toMatchObject({ error: { code } });
    }
    expect((await site("list")).sites.map(({ name }) => name)).toEqual(["plant-7"]);
  });

  test("takes the good one of several receipts and names those that it refuses", async () => {
    const odd = ["changed.receipt", "plain.receipt", "other.receipt"];
    const finished = await near.here("site", "update", ...odd, "first.receipt", "-o", "json");
    expect({ status: finished.status, ...JSON.parse(finished.stdout) }).toMatchObject({
      status: 3,
      sites: [{ name: "plant-7", outcome: "outdated" }],
      failed: [
        { file: "changed.receipt", code: "JAM_SIGNATURE_INVALID" },
        { file: "plain.receipt", code: "JAM_SIGNATURE_MISSING" },
        { file: "other.receipt", code: "JAM_RECEIPT_INVALID" },
      ],
    });
    const table = await near.here("site", "update", "first.receipt", "other.receipt");
    expect(table.stdout).toMatch(/^plant-7: .*\nrefused: other\.receipt.* \[JAM_RECEIPT_INVALID\]\n$/);
  });

  test("takes an unsigned one when told so, and forgets a site when told so", async () => {
    const taken = await near.here("site", "update", "plain.receipt", "--allow-unsigned");
    expect(taken).toMatchObject({ status: 0, stderr: expect.stringContaining("is not signed") });
    expect((await site("list")).sites.map(({ name, signedBy }) => [name, signedBy])).toEqual([
      ["lab", null],
      ["plant-7", fingerprint],
    ]);
    expect((await near.here("site", "list")).stdout).toContain("UNSIGNED");
    expect((await near.here("site", "remove", "lab")).status).toBe(0);
    const { status, stdout } = await near.here("site", "remove", "plant-8", "-o", "json");
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 5,
      error: { code: "JAM_SITE_NOT_FOUND", hint: expect.stringContaining("plant-7") },
    });
  });

  test("names a signer that it does not know", async () => {
    const { stdout } = await receipt(far.folder);
    await (await keysOf(near)).distrust(fingerprint);
    await writeFile(join(near.folder, "stranger.receipt"), stdout);
    const finished = await near.here("site", "update", "stranger.receipt", "-o", "json");
    expect(finished.status).toBe(4);
    expect(JSON.parse(finished.stdout)).toMatchObject({ error: { code: "JAM_SIGNER_UNKNOWN" } });
  });
});
