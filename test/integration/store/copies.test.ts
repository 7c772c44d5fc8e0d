/** Data directories that were copied by tools which do not know symbolic links. */
import { execFileSync } from "node:child_process";
import { lstat, mkdir, readFile, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { putBlob } from "../../helpers/store-content.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const IDS = ["20261123T204800Z-1a2b3c4d", "20261124T204800Z-1a2b3c4d", "20261124T204800Z-1a2b3c4d~2"];
const SHOWN = IDS[1]!;
const TARBALL = "agent/3.6.5/juju-3.6.5-linux-amd64.tgz";

interface Copy extends AsyncDisposable {
  readonly path: string;
}

/** A store of three trees, of which the second is shown, copied by `copy`. */
async function copied(copy: (from: string, to: string) => Promise<unknown> | void): Promise<Copy> {
  await using original = await temporaryStore();
  const blob = await putBlob(original.blobs, 10_000);
  for (const [at, id] of IDS.entries()) {
    const bytes = Buffer.from(JSON.stringify({ id }));
    await original.trees.build(
      id,
      [
        { path: "streams/v1/index2.json", bytes },
        { folder: `streams/v1/${id}`, version: "whole", documents: () => [{ name: "agents.json", bytes }] },
        { path: TARBALL, sha256: blob.sha256 },
      ],
      { base: IDS[at - 1] },
    );
  }
  await original.refs.swap("mirror", undefined, SHOWN);
  const folder = await temporaryFolder();
  const path = join(folder.path, "copy");
  await copy(original.path, path);
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const resolved = (from: string, to: string) => void execFileSync("cp", ["-rL", from, to]);

async function asText(from: string, to: string): Promise<void> {
  execFileSync("cp", ["-a", from, to]);
  for (const path of linksIn(to)) {
    const target = await readlink(path);
    await rm(path);
    await writeFile(path, target);
  }
}

/** Every symbolic link: two of the mirror, and those of its trees to the pool. */
function linksIn(data: string): string[] {
  const links = execFileSync("find", [data, "-type", "l"], { encoding: "utf8" }).trim().split("\n");
  expect(links.length).toBeGreaterThan(2 + IDS.length);
  return links;
}

async function leftOut(from: string, to: string): Promise<void> {
  execFileSync("cp", ["-a", from, to]);
  for (const path of linksIn(to)) await rm(path);
}

/** The links of the mirror are resolved, and folders in them contain links still: `cp -r` of `tools/.`. */
async function resolvedOnce(from: string, to: string): Promise<void> {
  execFileSync("cp", ["-a", from, to]);
  for (const [path, tree] of [
    ["tools", `${SHOWN}/tools`],
    ["refs/mirror", SHOWN],
  ] as const) {
    await rm(join(to, path));
    execFileSync("cp", ["-a", join(from, "published", tree), join(to, path)]);
  }
}

async function halfRebuilt(from: string, to: string): Promise<void> {
  resolved(from, to);
  await rm(join(to, "refs/mirror"), { recursive: true });
}

const COPIES = [
  ["resolved", resolved, SHOWN],
  ["written as text", asText, SHOWN],
  ["left out", leftOut, IDS[2]!],
  ["resolved, but not those below", resolvedOnce, SHOWN],
  ["resolved, and put back in part by a run that was killed", halfRebuilt, SHOWN],
] as const;

describe.for(COPIES)("a copy whose links were %s", ([, copy, shown]) => {
  test("is named to whoever reads, and nothing is changed", async () => {
    await using data = await copied(copy);
    const before = await readdir(data.path, { recursive: true });
    const store = await openFsStore(data.path);
    await expect(store.refs.read("mirror")).rejects.toMatchObject({
      code: "JAM_STORE_COPIED",
      message: expect.stringContaining("copied without its links"),
      hint: expect.stringContaining("jam prune"),
    });
    // A list without it would let what is shown be deleted.
    await expect(store.refs.list()).rejects.toMatchObject({ code: "JAM_STORE_COPIED" });
    expect(await readdir(data.path, { recursive: true })).toEqual(before);
  });

  test("gets its links back from the next writer, which says so, and loses nothing", async () => {
    await using data = await copied(copy);
    const store = await openFsStore(data.path, { create: true });
    const lease = await store.lease.acquire("jam prune");
    await lease.release();
    expect(lease.note).toContain(shown);
    expect(await store.refs.read("mirror")).toBe(shown);
    expect(await readlink(join(data.path, "tools"))).toBe("refs/mirror/tools");
    const index = await readFile(join(data.path, "tools/streams/v1/index2.json"), "utf8");
    expect(JSON.parse(index)).toEqual({ id: shown });
    for (const id of IDS) {
      const tree = join(data.path, "published", id, "tools");
      expect((await readFile(join(tree, TARBALL))).length).toBe(10_000);
      expect(await readFile(join(tree, `streams/v1/${id}/agents.json`), "utf8")).toContain(id);
    }
    expect(await store.trees.list()).toEqual(IDS);
    expect((await readdir(data.path, { recursive: true })).filter((name) => name.includes(".tmp-"))).toEqual(
      [],
    );
    const again = await store.lease.acquire("jam prune");
    await again.release();
    expect(again.note).toBeUndefined();
  });
});

test.for([
  ["a file of somebody", (data: string) => writeFile(join(data, "tools/notes.txt"), "mine")],
  ["a tarball of another size", (data: string) => writeFile(join(data, `tools/${TARBALL}`), "x")],
  ["an index of another tree", (data: string) => writeFile(join(data, "tools/streams/v1/index2.json"), "{}")],
] as const)("a copy with %s in it is left as it is, and named", async ([, change]) => {
  await using data = await copied(resolved);
  execFileSync("chmod", ["-R", "u+w", data.path]);
  await change(data.path);
  const store = await openFsStore(data.path, { create: true });
  await expect(store.lease.acquire("jam sync")).rejects.toMatchObject({
    code: "JAM_STORE_COPIED",
    message: expect.stringContaining(join(data.path, "tools")),
  });
  expect((await lstat(join(data.path, "tools"))).isDirectory()).toBe(true);
  expect((await lstat(join(data.path, "refs/mirror"))).isDirectory()).toBe(true);
  // The lock is free again.
  await expect(store.lease.acquire("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_COPIED" });
});

test("a folder of somebody else that is called tools is no copy of ours", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "tools"));
  await writeFile(join(folder.path, "tools/hammer"), "x");
  await expect(openFsStore(folder.path, { create: true })).rejects.toMatchObject({
    code: "JAM_STORE_FORMAT",
  });
  expect(await readFile(join(folder.path, "tools/hammer"), "utf8")).toBe("x");
});

test.for(["lock.db", "partial/x", "quarantine/x"])(
  "a link in the place of %s is not followed",
  async (name) => {
    await using store = await temporaryStore();
    await using folder = await temporaryFolder();
    const precious = join(folder.path, "precious");
    await writeFile(precious, "precious\n");
    const { sha256 } = await putBlob(store.blobs, 10);
    const places =
      name === "lock.db"
        ? [name]
        : [".json", ".sample"].map((ending) => name.replace("x", `${sha256}${ending}`));
    for (const place of places) {
      await rm(join(store.path, place), { force: true });
      await symlink(precious, join(store.path, place));
    }
    if (name === "lock.db") {
      await expect(store.lease.acquire("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_CORRUPT" });
    } else {
      await store.blobs.delete(sha256);
      const staged = await store.blobs.stage(sha256);
      await staged.restart('"v1"').catch(() => undefined);
      await staged.append([Buffer.from("0123456789")] as never, 10).catch(() => undefined);
      await staged.commit(10).catch(() => undefined);
      await staged.close();
    }
    expect(await readFile(precious, "utf8")).toBe("precious\n");
  },
);

test.for([
  ["missing", async () => undefined],
  ["written as text", (path: string, target: string) => writeFile(path, target)],
] as const)(
  "links of the shown tree that are %s come back, those in whose place something else is stay",
  async ([, leave]) => {
    await using data = await copied((from, to) => void execFileSync("cp", ["-a", from, to]));
    const tree = join(data.path, "published", SHOWN, "tools");
    const target = await readlink(join(tree, "agent"));
    await rm(join(tree, "agent"));
    await leave(join(tree, "agent"), target);
    await rm(join(tree, "streams/v1", SHOWN));
    await writeFile(join(tree, "streams/v1", SHOWN), "mine");

    const store = await openFsStore(data.path, { create: true });
    const lease = await store.lease.acquire("jam sync");
    await lease.release();

    expect(lease.note).toContain(SHOWN);
    expect((await readFile(join(data.path, "tools", TARBALL))).length).toBe(10_000);
    expect(await readFile(join(tree, "streams/v1", SHOWN), "utf8")).toBe("mine");
  },
);

test("the next tree after a copy without hard links shares with the store again", async () => {
  await using data = await copied((from, to) => void execFileSync("cp", ["-r", from, to]));
  const store = await openFsStore(data.path, { create: true });
  const { sha256 } = await putBlob(store.blobs, 10_000);
  const index = { path: "streams/v1/index2.json", bytes: Buffer.from("{}") };
  const lease = await store.lease.acquire("jam sync");
  await store.trees.build("next", [index, { path: TARBALL, sha256 }], { base: SHOWN });
  await store.refs.swap("mirror", SHOWN, "next");
  for (const id of IDS) await store.trees.delete(id);
  await lease.release();

  const [blob, shown] = [
    await lstat(join(data.path, blobPath(sha256))),
    await lstat(join(data.path, "tools", TARBALL)),
  ];
  expect(shown.ino).toBe(blob.ino);
  expect(await readdir(join(data.path, "pools"))).toEqual(["next"]);
});
