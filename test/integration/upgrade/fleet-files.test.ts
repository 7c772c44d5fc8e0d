/** Files and folders of a fleet as they lie on a disk. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFleetFiles } from "../../../src/cli/input/fleet-files.ts";
import type { Fleet } from "../../../src/upgrade/fleet/fleet.ts";

const FIXTURES = resolve(import.meta.dirname, "../../fixtures");

const status = (model: string) =>
  JSON.stringify({
    model: { name: model, type: "iaas", controller: "prod", version: "3.6.9" },
    machines: {},
    applications: {},
  });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jam-fleet-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const path = await mkdtemp(join(folder, "f-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

interface Input {
  readonly cwd?: string;
  readonly stdin?: Uint8Array;
  readonly isExplaining?: boolean;
}

function read(
  files: readonly string[],
  { cwd = folder, stdin, isExplaining = false }: Input = {},
): Promise<Fleet> {
  // eslint-disable-next-line typescript/require-await -- as the stream that it stands for
  const readBytes = async function* () {
    if (stdin !== undefined) yield stdin;
  };
  const context = { io: { cwd, readBytes }, signal: new AbortController().signal };
  return readFleetFiles(context, files, { flag: "--fleet", isExplaining });
}

const labelsOf = ({ models }: Fleet) => models.map(({ label }) => label);

describe("a folder", () => {
  test("is read with everything below it, whatever files are called; dot files are passed over", async () => {
    const path = await write({
      "web.json": status("web"),
      "juju_status_-m_prod.db_--format_json": status("db"),
      "deep/er/cache": status("cache"),
      "._web.json": "\u0000\u0005\u0016\u0007Mac OS X",
      ".git/config.json": "{}",
    });
    const fleet = await read([path]);
    expect(labelsOf(fleet)).toEqual(["prod:cache", "prod:db", "prod:web"]);
    expect([fleet.notes, fleet.unread]).toEqual([[], []]);
    expect(fleet.sources.map(({ file }) => file.slice(path.length + 1))).toEqual([
      "deep/er/cache",
      "juju_status_-m_prod.db_--format_json",
      "web.json",
    ]);
  });

  test("of a support report, as the sample has it", async () => {
    const fleet = await read(["33-file-names"], { cwd: join(FIXTURES, "fleets") });
    expect(labelsOf(fleet)).toEqual(["prod:db", "prod:web"]);
    expect(fleet.models.map(({ uuid }) => uuid !== undefined)).toEqual([true, true]);
    expect(fleet.notes.join()).toContain("33-file-names/README.txt is a text");
  });

  test.for([
    ["hidden", ["prod:web"], ""],
    ["noending", ["prod:cache", "prod:db", "prod:web"], ""],
    ["other", ["prod:web"], "other/storage.json is the output of juju storage"],
  ] as const)("like %s is read", async ([name, labels, note]) => {
    const fleet = await read([name], { cwd: join(FIXTURES, "fleet-cases/folders") });
    expect(labelsOf(fleet)).toEqual(labels);
    expect(fleet.notes.join()).toContain(note);
    expect(fleet.unread).toEqual([]);
  });

  test("follows links to files, and no links to folders, which may lead in a circle", async () => {
    const path = await write({ "web.json": status("web"), "else/db.json": status("db") });
    await symlink(path, join(path, "again"));
    await symlink(join(path, "web.json"), join(path, "link.json"));
    await symlink(join(path, "nowhere"), join(path, "dangling"));
    expect(labelsOf(await read([path]))).toEqual(["prod:db", "prod:web"]);
  });

  test("with pictures and packed logs is read without them; a packed listing counts as not read", async () => {
    const gzip = Uint8Array.from([0x1f, 0x8b, 8, 0, 0]);
    const path = await write({
      "web.json": status("web"),
      "log.gz": gzip,
      "map.png": Uint8Array.from([0x89, 0, 0, 0]),
    });
    const fleet = await read([path]);
    expect(fleet.unread).toEqual([]);
    expect(fleet.notes.join()).toMatch(/Skipped: .*log\.gz is compressed by gzip; .*map\.png is not a text/);
    await writeFile(join(path, "db.json.gz"), gzip);
    await writeFile(join(path, "db.json"), gzip);
    expect((await read([path])).unread.map(({ file }) => file.slice(path.length + 1))).toEqual([
      "db.json",
      "db.json.gz",
    ]);
  });

  test.runIf(process.getuid?.() !== 0)("with a file that may not be read counts it as not read", async () => {
    const path = await write({ "web.json": status("web"), "db.json": status("db") });
    await chmod(join(path, "db.json"), 0);
    expect((await read([path])).unread).toMatchObject([{ kind: "file", text: "cannot be read (EACCES)" }]);
  });

  test("without a file, or that is not there, is refused", async () => {
    for (const path of [await write({}), join(folder, "nowhere")]) {
      await expect(read([path])).rejects.toMatchObject({ code: "JAM_USAGE_INVALID" });
    }
  });
});

describe("a named file", () => {
  test("that is not a listing is refused", async () => {
    const path = await write({ "web.json": status("web"), "README.txt": "hello" });
    const named = read([join(path, "web.json"), join(path, "README.txt")]);
    await expect(named).rejects.toMatchObject({ code: "JAM_FLEET_INVALID" });
  });

  test("that is packed is refused by what it is", async () => {
    const packed = read(["windows-encodings/sibling-gzip.json"], { cwd: join(FIXTURES, "fleet-cases") });
    await expect(packed).rejects.toThrow("windows-encodings/sibling-gzip.json is compressed by gzip");
  });

  test("in an encoding of Windows is read", async () => {
    const cwd = join(FIXTURES, "fleet-cases/windows-encodings");
    expect(labelsOf(await read(["status-utf16.json"], { cwd }))).toEqual(["prod:web"]);
    expect(labelsOf(await read(["status-utf16.yaml"], { cwd }))).toEqual(["lab:stack"]);
  });

  test("larger than any listing is refused before it fills the memory", async () => {
    const path = await write({ "big.json": `{"a":"` });
    const { truncate } = await import("node:fs/promises");
    await truncate(join(path, "big.json"), 101_000_000);
    await expect(read([join(path, "big.json")])).rejects.toThrow("is larger than 100 MB");
    await writeFile(join(path, "web.json"), status("web"));
    expect((await read([path])).unread).toMatchObject([{ text: "is larger than 100 MB" }]);
  });
});

test("standard input is read in any encoding", async () => {
  const stdin = Buffer.from(`\u{feff}${status("web")}`, "utf16le");
  const fleet = await read(["-"], { stdin });
  expect(labelsOf(fleet)).toEqual(["prod:web"]);
  expect(fleet.sources).toMatchObject([{ file: "standard input", outcome: "read" }]);
});

test("explaining describes every file and refuses none", async () => {
  const path = await write({ "web.json": status("web"), "README.txt": "hello", "cut.json": '{"mod' });
  const files = ["README.txt", "cut.json", "web.json"].map((name) => join(path, name));
  const fleet = await read(files, { isExplaining: true });
  expect(fleet.sources.map(({ outcome }) => outcome)).toEqual(["unread", "unread", "read"]);
  expect((await read([path], { isExplaining: true })).sources.map(({ outcome }) => outcome)).toEqual([
    "left-out",
    "unread",
    "read",
  ]);
});
