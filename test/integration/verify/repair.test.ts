/** What `jam repair` repairs, and what it names instead. */
import { readdirSync } from "node:fs";
import { appendFile, chmod, mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { RepairDocument } from "../../../src/repair/repair-document.ts";
import type { VerifyDocument } from "../../../src/verify/verify-document.ts";
import { flipByte } from "../../helpers/damage-file.ts";
import { FILE_DAMAGES, goldenMirror } from "../../helpers/golden-mirror.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { readPublished } from "../../helpers/published.ts";
import { startServe } from "../../helpers/running-jam.ts";
import { oneIn } from "../../helpers/tier.ts";

const golden = await goldenMirror();
const { files } = golden;
const { fingerprint } = await golden.mirror.published();
afterAll(() => golden[Symbol.asyncDispose]());

async function repair(folder: string, ...flags: string[]) {
  const { status, stdout, stderr } = await jamHere(folder, ["repair", "-o", "json", ...flags]);
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as RepairDocument };
}

async function verify(folder: string) {
  const { status, stdout } = await jamHere(folder, ["verify", "--deep", "-o", "json"]);
  return { status, findings: (JSON.parse(stdout) as VerifyDocument).findings };
}

async function expectWhole(folder: string): Promise<void> {
  const { status, findings } = await verify(folder);
  expect(findings.filter(({ severity }) => severity !== "note")).toEqual([]);
  expect(status).toBe(0);
  expect((await readPublished(join(folder, "data"))).fingerprint).toBe(fingerprint);
}

type File = keyof typeof files;
type DamageName = keyof typeof FILE_DAMAGES;

const IS_OF_MODE = /others|nobody|everybody/;
const CASES = (Object.keys(files) as File[]).flatMap((file) =>
  (Object.keys(FILE_DAMAGES) as DamageName[]).map((damage) => ({
    file,
    damage,
    name: `${file}, which ${damage}`,
  })),
);

/** Upstream has tarballs and documents. A snapshot and its catalogue come from another data directory. */
test.for(oneIn(5, CASES, 2))("repairs $name", async ({ file, damage }) => {
  await using folder = await golden.copy();
  const data = join(folder.path, "data");
  const [path, other] = files[file];
  await chmod(join(data, path), 0o644);
  await FILE_DAMAGES[damage](join(data, path), join(data, other));
  const isOfSnapshot = /snapshot|catalogue/.test(file) && !IS_OF_MODE.test(damage);
  const flags = isOfSnapshot ? ["--from", golden.mirror.data] : [];
  const { status, document } = await repair(folder.path, "--deep", ...flags);
  expect(document.remaining.filter(({ severity }) => severity !== "note")).toEqual([]);
  expect([status, ["repaired", "whole"]]).toEqual([0, expect.arrayContaining([document.outcome])]);
  await expectWhole(folder.path);
});

test.for([
  ["tools is gone", (data: string) => rm(join(data, "tools"))],
  ["tools points elsewhere", (data: string) => replaceLink(join(data, "tools"), "/etc")],
  ["tools is a file", (data: string) => replaceByFile(join(data, "tools"))],
  ["the ref is gone", (data: string) => rm(join(data, "refs/mirror"))],
  ["the ref is a file", (data: string) => replaceByFile(join(data, "refs/mirror"))],
  ["the ref points elsewhere", (data: string) => replaceLink(join(data, "refs/mirror"), "/etc")],
  [
    "both links are gone",
    async (data: string) => {
      await rm(join(data, "tools"));
      await rm(join(data, "refs/mirror"));
    },
  ],
  ["the tree is gone", (data: string) => rm(join(data, "published", firstTree(data)), { recursive: true })],
  ["all trees are gone", (data: string) => rm(join(data, "published"), { recursive: true })],
  ["pools are gone", (data: string) => rm(join(data, "pools"), { recursive: true })],
  [
    "a foreign index is in the tree",
    (data: string) => writeFile(join(data, "tools/streams/v1/index2.sjson"), "{}"),
  ],
  ["the folder of notes is a file", (data: string) => replaceByFile(join(data, "state"))],
  ["the folder of documents is gone", (data: string) => rm(join(data, "upstream"), { recursive: true })],
  ["all tarballs are gone", (data: string) => rm(join(data, "blobs"), { recursive: true })],
] as const)("repairs a mirror where %s", async ([, damage]) => {
  await using folder = await golden.copy();
  await damage(join(folder.path, "data"));
  const { status, document } = await repair(folder.path);
  expect(document.remaining.filter(({ severity }) => severity !== "note")).toEqual([]);
  expect([status, document.outcome]).toEqual([0, "repaired"]);
  await expectWhole(folder.path);
});

function firstTree(data: string): string {
  return readdirSync(join(data, "published"))[0] ?? "";
}

async function replaceLink(path: string, target: string): Promise<void> {
  await rm(path);
  await symlink(target, path);
}

async function replaceByFile(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await writeFile(path, "something else\n");
}

/** The upstream of these is gone: a place that `--from` names is the only one. */
async function withoutUpstream() {
  const folder = await golden.copy();
  const data = join(folder.path, "data");
  const settings = JSON.parse(await readFile(join(folder.path, "jam.yaml"), "utf8")) as Record<
    string,
    unknown
  >;
  const upstreams = [{ name: "sample", url: "http://127.0.0.1:1/", keyring: "key.asc" }];
  await writeFile(join(folder.path, "jam.yaml"), JSON.stringify({ ...settings, upstreams }));
  for (const file of ["a tarball", "a document of upstream"] as const) {
    const [path, other] = files[file];
    await rm(join(data, path));
    await chmod(join(data, other), 0o644);
    await truncate(join(data, other), 7);
  }
  return folder;
}

const PLACES = {
  "another mirror's data directory": async () => golden.mirror.data,
  "a mirror that jam serves": async (_folder: string, stack: AsyncDisposableStack) => {
    const served = stack.use(await startServe(golden.mirror.folder));
    return `${served.url}/tools`;
  },
  "a folder with upstream's tree": async (folder: string) => {
    const { documents, items } = golden.upstream.tree;
    for (const path of [...documents.keys(), ...items.keys()]) {
      const answer = await fetch(new URL(path, golden.upstream.url));
      await mkdir(dirname(join(folder, "copy/tools", path)), { recursive: true });
      await writeFile(join(folder, "copy/tools", path), Buffer.from(await answer.arrayBuffer()));
    }
    return join(folder, "copy");
  },
  "a bundle": async (folder: string) => {
    const made = await jamHere(golden.mirror.folder, [
      "bundle",
      "create",
      "--unsigned",
      "--to",
      join(folder, "bundle"),
    ]);
    expect(made.status, made.stderr).toBe(0);
    return join(folder, "bundle");
  },
  "a bundle in small volumes": async (folder: string) => {
    const made = await jamHere(golden.mirror.folder, [
      "bundle",
      "create",
      "--unsigned",
      "--volume-size",
      "1MiB",
      "--to",
      join(folder, "bundle"),
    ]);
    expect(made.status, made.stderr).toBe(0);
    return join(folder, "bundle");
  },
} as const;

test.for(Object.keys(PLACES) as (keyof typeof PLACES)[])(
  "repairs tarballs and documents from %s",
  async (place) => {
    await using folder = await withoutUpstream();
    await using stack = new AsyncDisposableStack();
    const from = await PLACES[place](folder.path, stack);
    const { status, document } = await repair(folder.path, "--from", from);
    expect(document.remaining.filter(({ severity }) => severity !== "note")).toEqual([]);
    expect([status, document.outcome, document.fetched]).toMatchObject([
      0,
      "repaired",
      { tarballs: 2, documents: 2 },
    ]);
    await expectWhole(folder.path);
  },
);

test("what no place has is named, what it lists is withdrawn, and the exit status is 3", async () => {
  await using folder = await withoutUpstream();
  const planned = (await jamHere(folder.path, ["repair", "--dry-run"])).stdout;
  // Nobody knows a tarball by its hash.
  expect(planned).toMatch(/^ {2}tarball-missing {2}blobs\/.*: fetch it from sample$/m);
  expect(planned).toMatch(/^ {4}\d\S+-amd64; proposed, released; agent\/\S+\.tgz$/m);
  expect(planned).toMatch(/^ {2}proof-missing {2}upstream\/.*\n {4}streams\/v1\/\S+json$/m);
  expect(planned).not.toContain("Asked");
  const { status, document } = await repair(folder.path);
  expect(document.remaining.map(({ next }) => next)).toEqual(
    document.remaining.map(() => expect.stringMatching(/^jam repair --from PLACE/) as string),
  );
  const said = (await jamHere(folder.path, ["repair"])).stdout;
  expect(said).toMatch(/^NOT repaired$/m);
  expect(said).toMatch(/^Not delivered:\n {2}\d\S+-amd64/m);
  expect([status, document.outcome, document.failed.map(({ code }) => code)]).toEqual([
    3,
    "partial",
    ["JAM_UPSTREAM_UNREACHABLE", "JAM_UPSTREAM_UNREACHABLE"],
  ]);
  expect(document.remaining.map(({ kind }) => kind).sort()).toEqual([
    "proof-altered",
    "proof-missing",
    "tarball-missing",
    "tarball-missing",
  ]);
  const gone = new Set(document.remaining.flatMap(({ agents = [] }) => agents));
  const { agents } = await readPublished(join(folder.path, "data"));
  expect(agents.filter((name) => gone.has(name))).toEqual([]);
  // Nothing is lost by trying: with a place that has them the next repair ends it.
  expect((await repair(folder.path, "--from", golden.mirror.data)).status).toBe(0);
  await expectWhole(folder.path);
});

test("a place with wrong bytes repairs nothing", async () => {
  await using folder = await withoutUpstream();
  await using wrong = await golden.copy();
  for (const file of ["a tarball", "a document of upstream"] as const)
    for (const path of files[file]) {
      await chmod(join(wrong.path, "data", path), 0o644);
      flipByte(join(wrong.path, "data", path), 50);
    }
  const { status, document } = await repair(folder.path, "--from", join(wrong.path, "data"));
  expect([status, document.fetched.tarballs, document.fetched.documents]).toEqual([3, 0, 0]);
  expect(document.failed.map(({ code }) => code)).toEqual([
    "JAM_ITEM_HASH_MISMATCH",
    "JAM_ITEM_HASH_MISMATCH",
  ]);
});

test("a dry run names what it would do and changes nothing", async () => {
  await using folder = await withoutUpstream();
  const data = join(folder.path, "data");
  await rm(join(data, "tools"));
  await chmod(join(data, "snapshots"), 0o777);
  const list = () => readdirSync(data, { recursive: true }).map(String).sort();
  const before = list();
  const { status, document } = await repair(folder.path, "--dry-run", "--from", golden.mirror.data);
  expect(list()).toEqual(before);
  expect([status, document.outcome]).toEqual([0, "planned"]);
  const planned = document.planned.map(({ kind, repair: how }) => `${kind}: ${how}`);
  expect(planned).toContain("link-missing: point it at refs/mirror/tools");
  expect(planned).toContain("mode-exposed: chmod 0775");
  expect(planned.filter((line) => line.startsWith("tarball-"))).toEqual([
    `tarball-missing: fetch it from ${golden.mirror.data}`,
    `tarball-truncated: put it aside and fetch it from ${golden.mirror.data}`,
  ]);
});

test("a tarball that has more bytes than it should is altered, not truncated, and is repaired", async () => {
  await using folder = await golden.copy();
  const [path] = files["a tarball"];
  await chmod(join(folder.path, "data", path), 0o644);
  await appendFile(join(folder.path, "data", path), "more");
  const { document } = await repair(folder.path, "--dry-run");
  expect(document.planned.map(({ kind }) => kind)).toEqual(["tarball-altered"]);
  expect((await repair(folder.path)).status).toBe(0);
  await expectWhole(folder.path);
});

test("a whole mirror is left as it is", async () => {
  await using folder = await golden.copy();
  expect(await repair(folder.path)).toMatchObject({
    status: 0,
    document: { outcome: "whole", repaired: [] },
  });
  expect((await jamHere(folder.path, ["repair", "--quiet"])).stdout).toBe("");
});
