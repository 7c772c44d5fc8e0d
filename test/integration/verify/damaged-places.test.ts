/** Every kind of file in a mirror × every kind of damage: `jam verify` finds it, names it, and says what is next. */
import { readdirSync } from "node:fs";
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { VerifyDocument } from "../../../src/verify/verify-document.ts";
import { flipByteQuietly } from "../../helpers/damage-file.ts";
import { FILE_DAMAGES, goldenMirror } from "../../helpers/golden-mirror.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { oneIn } from "../../helpers/tier.ts";

const golden = await goldenMirror();
const { files, pathOf } = golden;
afterAll(() => golden[Symbol.asyncDispose]());

type File = keyof typeof files;
type DamageName = keyof typeof FILE_DAMAGES;

/** What nothing names cannot be missed; what is not shown to anybody may be the owner's alone. */
const HARMLESS = new Set<string>([
  "a note, which is gone",
  "a report, which is gone",
  "a report, which cannot be read by others",
]);

const CASES = (Object.keys(files) as File[]).flatMap((file) =>
  (Object.keys(FILE_DAMAGES) as DamageName[]).map((damage) => ({
    file,
    damage,
    name: `${file}, which ${damage}`,
  })),
);

async function verify(folder: string) {
  const { status, stdout, stderr } = await jamHere(folder, ["verify", "--deep", "-o", "json"]);
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as VerifyDocument };
}

test("the mirror that is damaged below is whole", async () => {
  await using folder = await golden.copy();
  const { status, document } = await verify(folder.path);
  expect([status, document.findings]).toEqual([0, []]);
});

test.for(oneIn(5, CASES))("finds $name", async ({ file, damage, name }) => {
  await using folder = await golden.copy();
  const data = join(folder.path, "data");
  const [path, other] = files[file];
  await chmod(join(data, path), 0o644);
  await FILE_DAMAGES[damage](join(data, path), join(data, other));
  const { status, document } = await verify(folder.path);
  if (HARMLESS.has(name)) {
    expect([status, document.findings]).toEqual([0, []]);
    return;
  }
  expect(status).toBe(4);
  const worst = document.findings.filter(({ severity }) => severity === "damage");
  const where = file === "a page of a catalogue" ? files["a snapshot"][0] : path;
  const found = worst.filter((finding) => [where, golden.realPath(path)].includes(finding.where));
  expect(found).not.toEqual([]);
  for (const { means, next } of worst) expect([means, next]).not.toContain("");
});

test.for([
  ["tools", "link-missing", (path: string) => rm(path)],
  ["tools", "link-wrong", (path: string) => replaceLink(path, "refs/other/tools")],
  ["tools", "link-wrong", (path: string) => replaceByFile(path)],
  ["refs/mirror", "link-missing", (path: string) => rm(path)],
  ["refs/mirror", "link-wrong", (path: string) => replaceLink(path, "../published/nothing")],
  ["refs/mirror", "link-wrong", (path: string) => replaceLink(path, "/etc")],
  ["refs/mirror", "link-wrong", (path: string) => replaceByFile(path)],
  ["upstream", "place-missing", (path: string) => rm(path, { recursive: true })],
  ["state", "place-kind", (path: string) => replaceByFile(path)],
  ["published", "mode-hidden", (path: string) => chmod(path, 0o700)],
  ["blobs/sha256", "mode-exposed", (path: string) => chmod(path, 0o777)],
  [".", "mode-exposed", (path: string) => chmod(path, 0o777)],
] as const)("finds %s: %s", async ([path, kind, damage]) => {
  await using folder = await golden.copy();
  await damage(join(folder.path, "data", path));
  const { document, status } = await verify(folder.path);
  expect(document.findings.map((finding) => `${finding.where} ${finding.kind}`)).toContain(`${path} ${kind}`);
  expect(status).toBe(4);
});

async function replaceLink(path: string, target: string): Promise<void> {
  await rm(path);
  await symlink(target, path);
}

async function replaceByFile(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await writeFile(path, "something else\n");
}

test.for([
  ["two tarballs of a tree are swapped", "tree-file-altered", swapTarballs],
  [
    "a tarball is gone from a tree",
    "tree-file-missing",
    (data: string) => rm(join(data, pathOf(/^published\/.*27-.*\.tgz$/))),
  ],
  [
    "a file is put into a tree",
    "tree-file-extra",
    (data: string) => writeFile(join(data, "tools/streams/v1/mirrors.json"), "{}"),
  ],
  [
    "a signed index is put into a tree",
    "tree-file-extra",
    (data: string) => writeFile(join(data, "tools/streams/v1/index2.sjson"), "{}"),
  ],
  [
    "a tree is gone",
    "link-wrong",
    (data: string) =>
      rm(join(data, "published", readdirSync(join(data, "published"))[0] ?? ""), { recursive: true }),
  ],
] as const)("finds that %s", async ([, kind, damage]) => {
  await using folder = await golden.copy();
  await damage(join(folder.path, "data"));
  const { document, status } = await verify(folder.path);
  expect(document.findings.map((finding) => finding.kind)).toContain(kind);
  expect(status).toBe(4);
});

async function swapTarballs(data: string): Promise<void> {
  const [one, other] = [0, 1].map((at) => join(data, pathOf(/^published\/.*\.tgz$/, at))) as [string, string];
  await rename(one, `${one}.x`);
  await rename(other, one);
  await rename(`${one}.x`, other);
}

test.for([
  ["a foreign file", "place-foreign", "state/notes.txt", "x"],
  ["a file that a killed run left", "place-stray", "state/.tmp-1-2-3", "x"],
  ["an empty partial file", "place-stray", `partial/${"a".repeat(64)}.part`, ""],
  ["a note on a partial file that is gone", "place-stray", `partial/${"a".repeat(64)}.json`, "{}"],
  ["a tarball that nothing lists", "tarball-extra", `blobs/sha256/cd/cd${"a".repeat(62)}`, "x"],
  ["a document that nothing names", "proof-extra", `upstream/cd${"a".repeat(62)}`, "x"],
] as const)("names %s", async ([, kind, path, text]) => {
  await using folder = await golden.copy();
  await mkdir(join(folder.path, "data", path, ".."), { recursive: true });
  await writeFile(join(folder.path, "data", path), text);
  const found = await jamHere(folder.path, ["verify", "-o", "json"]);
  const { findings } = JSON.parse(found.stdout) as VerifyDocument;
  expect(findings.map((finding) => [finding.kind, finding.where, finding.severity])).toEqual([
    [kind, path, "note"],
  ]);
  expect(found.status).toBe(0);
});

test.for([
  ["is gone", (file: string) => rm(file)],
  ["is empty", (file: string) => writeFile(file, "")],
  ["has a flipped byte", (file: string) => flipByteQuietly(file, 300)],
  [
    "is a folder",
    async (file: string) => {
      await rm(file);
      await mkdir(file);
    },
  ],
] as const)("finds that the keyring of an upstream %s", async ([, damage]) => {
  await using folder = await golden.copy();
  await damage(join(folder.path, "key.asc"));
  const { document, status } = await verify(folder.path);
  // A changed byte of the key may still be a key, but not the one that signed.
  const found = document.findings.filter(({ kind }) => /^(?:settings-keyring|proof-refused)$/.test(kind));
  expect([found.length > 0, status]).toEqual([true, 4]);
});
