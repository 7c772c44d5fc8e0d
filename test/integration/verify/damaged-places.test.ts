/** Every kind of file in a mirror × every kind of damage: `jam verify` finds it, names it, and says what is next. */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { VerifyDocument } from "../../../src/verify/verify-document.ts";
import { flipByteQuietly } from "../../helpers/damage-file.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { oneIn } from "../../helpers/tier.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const tree = await buildSampleTree({ releases: ["2.9.60", "3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
const upstream = await startUpstream({ tree });
const mirror = await temporaryMirror(upstream);
await mirror.sync();
await mirror.jam("verify", "--deep");
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** The `at`-th path of the golden mirror that matches. */
function pathOf(pattern: RegExp, at = 0): string {
  const found = readdirSync(mirror.data, { recursive: true })
    .map(String)
    .filter((name) => pattern.test(name) && !lstatSync(join(mirror.data, name)).isDirectory())
    .sort()[at];
  if (found === undefined) throw new Error(`nothing matches ${pattern}`);
  return found;
}

const FILES = {
  "a tarball": pathOf(/^blobs\/.*\/[0-9a-f]{64}$/),
  "a snapshot": pathOf(/^snapshots\//),
  "a document of upstream": pathOf(/^upstream\//),
  "a note": pathOf(/^state\/upstream-memory/),
  "a report": pathOf(/^history\//),
  "the index in the tree": pathOf(/^published\/.*\/index2\.json$/),
  "a product file in the tree": pathOf(/^published\/.*released-agents\.json$/),
  format: "format",
} as const;

const REAL = Object.fromEntries(
  Object.entries(FILES).map(([file, path]) => [
    file,
    relative(mirror.data, realpathSync(join(mirror.data, path))),
  ]),
) as Record<keyof typeof FILES, string>;

const OTHERS = {
  "a tarball": pathOf(/^blobs\/.*\/[0-9a-f]{64}$/, 1),
  "a snapshot": pathOf(/^history\//),
  "a document of upstream": pathOf(/^upstream\//, 1),
  "a note": pathOf(/^state\/verified/),
  "a report": pathOf(/^snapshots\//),
  "the index in the tree": pathOf(/^published\/.*released-agents\.json$/),
  "a product file in the tree": pathOf(/^published\/.*\/index2\.json$/),
  format: pathOf(/^history\//),
} as const;

type File = keyof typeof FILES;

const DAMAGES = {
  "has a flipped byte": (path: string) => flipByteQuietly(path, Math.floor(lstatSync(path).size / 2)),
  "is cut": (path: string) => truncate(path, Math.floor(lstatSync(path).size / 2)),
  "is empty": (path: string) => truncate(path, 0),
  "is gone": (path: string) => rm(path),
  "has the bytes of another file": async (path: string, other: string) =>
    writeFile(path, await readFile(other)),
  "is a folder": async (path: string) => {
    await rm(path);
    await mkdir(path);
  },
  "is a symbolic link": async (path: string, other: string) => {
    await rm(path);
    await symlink(other, path);
  },
  "is a pipe": async (path: string) => {
    await rm(path);
    execFileSync("mkfifo", [path]);
  },
  "cannot be read by others": (path: string) => chmod(path, 0o600),
  "can be read by nobody": (path: string) => chmod(path, 0),
  "can be changed by everybody": (path: string) => chmod(path, 0o666),
} as const;

type DamageName = keyof typeof DAMAGES;

/** What nothing names cannot be missed; what is not shown to anybody may be the owner's alone. */
const HARMLESS = new Set<`${File}, which ${DamageName}`>([
  "a note, which is gone",
  "a report, which is gone",
  "a report, which cannot be read by others",
]);

const CASES = (Object.keys(FILES) as File[]).flatMap((file) =>
  (Object.keys(DAMAGES) as DamageName[]).map((damage) => ({
    file,
    damage,
    name: `${file}, which ${damage}` as const,
  })),
);

async function copyOfMirror() {
  const folder = await temporaryFolder();
  await cp(mirror.folder, folder.path, { recursive: true, verbatimSymlinks: true });
  // `cp` of Node makes copies of hard links.
  execFileSync("rm", ["-rf", join(folder.path, "data")]);
  execFileSync("cp", ["-a", mirror.data, join(folder.path, "data")]);
  return folder;
}

async function verify(folder: string) {
  const { status, stdout, stderr } = await jamHere(folder, ["verify", "--deep", "-o", "json"]);
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as VerifyDocument };
}

test("the mirror that is damaged below is whole", async () => {
  await using folder = await copyOfMirror();
  const { status, document } = await verify(folder.path);
  expect([status, document.findings]).toEqual([0, []]);
});

test.for(oneIn(5, CASES))("finds $name", async ({ file, damage, name }) => {
  await using folder = await copyOfMirror();
  const data = join(folder.path, "data");
  await chmod(join(data, FILES[file]), 0o644);
  await DAMAGES[damage](join(data, FILES[file]), join(data, OTHERS[file]));
  const { status, document } = await verify(folder.path);
  if (HARMLESS.has(name)) {
    expect([status, document.findings]).toEqual([0, []]);
    return;
  }
  expect(status).toBe(4);
  const worst = document.findings.filter(({ severity }) => severity === "damage");
  // What several trees share is in a pool, and a tree has links to it.
  const where = new Set([FILES[file], REAL[file]]);
  expect(worst.filter((finding) => where.has(finding.where))).not.toEqual([]);
  for (const { means, next, found } of worst) expect([means, next, found]).not.toContain("");
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
  await using folder = await copyOfMirror();
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
  await using folder = await copyOfMirror();
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
  await using folder = await copyOfMirror();
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
  await using folder = await copyOfMirror();
  await damage(join(folder.path, "key.asc"));
  const { document, status } = await verify(folder.path);
  // A changed byte of the key may still be a key, but not the one that signed.
  const found = document.findings.filter(({ kind }) => /^(?:settings-keyring|proof-refused)$/.test(kind));
  expect([found.length > 0, status]).toEqual([true, 4]);
});
