/** Trees that share what they have in common. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import type { TreeFile, TreeFolder, TreeOptions } from "../../../src/store/store.ts";
import { putBlob, someBytes } from "../../helpers/store-content.ts";
import { temporaryStore, type TemporaryStore } from "../../helpers/temporary-store.ts";

type Parts = readonly (TreeFile | TreeFolder)[];

/** The documents of a snapshot: its index, and the folder that only it has. */
function documents(id: string, { version = "whole", onAsked = () => {} } = {}): Parts {
  const bytes = Buffer.from(`${id} ${version}`);
  return [
    { path: "streams/v1/index2.json", bytes },
    {
      folder: `streams/v1/${id}`,
      version,
      documents() {
        onAsked();
        return [{ name: "agents.json", bytes }];
      },
    },
  ];
}

async function tarball(store: TemporaryStore, name: string, seed: number): Promise<TreeFile> {
  const { sha256 } = await putBlob(store.blobs, 100 + seed, seed);
  return { path: `agent/${name}/juju-${name}-linux-amd64.tgz`, sha256 };
}

/** Everything that a web server shows of a tree, through its links. */
function shownBy(store: TemporaryStore, id: string): string[] {
  const folder = join(store.path, "published", id, "tools");
  const found = execFileSync("find", ["-L", folder, "-type", "f"], { encoding: "utf8" });
  return found
    .split("\n")
    .filter((path) => path !== "")
    .map((path) => path.slice(folder.length + 1))
    .sort();
}

const bytesOf = (store: TemporaryStore, id: string, path: string) =>
  readFileSync(join(store.path, "published", id, "tools", path), "utf8");

function entries(store: TemporaryStore): number {
  return execFileSync("find", [store.path], { encoding: "utf8" }).split("\n").length;
}

const pathsOf = (...tarballs: readonly TreeFile[]) => tarballs.map(({ path }) => path);

test("a tree next to a base of many folders adds some entries, and both show all that they are built from", async () => {
  await using store = await temporaryStore();
  const many = await Promise.all(Array.from({ length: 60 }, (_, at) => tarball(store, `3.1.${at}`, at + 1)));
  const added = await tarball(store, "3.2.0", 100);
  await store.trees.build("a", [...documents("a"), ...many]);
  const before = entries(store);

  await store.trees.build("b", [...documents("b"), ...documents("a").slice(1), ...many, added], {
    base: "a",
  });

  expect(entries(store) - before).toBeLessThan(20);
  expect(shownBy(store, "a")).toEqual(
    expect.arrayContaining([...pathsOf(...many), "streams/v1/a/agents.json"]),
  );
  expect(shownBy(store, "b")).toEqual(
    [
      ...pathsOf(...many, added),
      "streams/v1/a/agents.json",
      "streams/v1/b/agents.json",
      "streams/v1/index2.json",
    ].sort(),
  );
  expect(bytesOf(store, "a", "streams/v1/index2.json")).toBe("a whole");
  // One file on disk, however many trees have it.
  expect((await lstat(join(store.path, blobPath((added as { sha256: Sha256 }).sha256)))).nlink).toBe(2);
});

test("what only a deleted tree had goes with it, what others need stays", async () => {
  await using store = await temporaryStore();
  const [both, first, second] = [
    await tarball(store, "3.1.0", 1),
    await tarball(store, "3.1.1", 2),
    await tarball(store, "3.1.2", 3),
  ];
  await store.trees.build("a", [...documents("a"), both, first]);
  await store.trees.build("b", [...documents("b"), both, second], { base: "a" });
  await store.trees.build("c", [...documents("c"), both, first, second], { base: "b" });

  await store.trees.delete("c");
  expect(shownBy(store, "a")).toEqual(expect.arrayContaining(pathsOf(both, first)));
  expect(shownBy(store, "b")).toEqual(expect.arrayContaining(pathsOf(both, second)));
  await store.trees.delete("a");
  expect(shownBy(store, "b")).toEqual(
    [...pathsOf(both, second), "streams/v1/b/agents.json", "streams/v1/index2.json"].sort(),
  );
  await store.trees.delete("b");
  expect(await readdir(join(store.path, "pools"))).toEqual([]);
  expect((await readdir(store.path, { recursive: true })).filter((name) => name.includes(".tmp-"))).toEqual(
    [],
  );
});

describe("a tree does not share with its base", () => {
  const conflicts: readonly (readonly [
    string,
    (store: TemporaryStore, base: TreeFile) => Promise<{ parts: Parts; options?: TreeOptions }>,
  ])[] = [
    [
      "where a path has other bytes now",
      async (store, base) => ({
        parts: [{ path: base.path, sha256: (await putBlob(store.blobs, 50, 50)).sha256 }],
      }),
    ],
    [
      "where the blob was put in its place anew",
      async (store, base) => {
        const { sha256 } = base as { sha256: Sha256 };
        await store.blobs.delete(sha256);
        await putBlob(store.blobs, 101, 1);
        return { parts: [base] };
      },
    ],
    ["where a path must not be found", async (_, base) => ({ parts: [], options: { without: [base.path] } })],
    [
      "where a file is a folder now",
      async (store, base) => ({
        parts: [{ path: `${base.path}/x.tgz`, sha256: (await putBlob(store.blobs, 50, 50)).sha256 }],
      }),
    ],
    [
      "where a folder has other documents",
      async () => ({ parts: documents("a", { version: "other" }).slice(1) }),
    ],
    [
      "where the note of what the base shares is damaged",
      async (store) => {
        await writeFile(join(store.path, "published/a/shares.json.gz"), "x");
        return { parts: [] };
      },
    ],
    [
      "where the pool of the base is gone",
      async (store) => {
        await rm(join(store.path, "pools/a"), { recursive: true });
        return { parts: [] };
      },
    ],
  ];

  test.for(conflicts)("%s, and each shows its own", async ([, change]) => {
    await using store = await temporaryStore();
    const [old, kept] = [await tarball(store, "3.1.0", 1), await tarball(store, "3.1.1", 2)];
    await store.trees.build("a", [...documents("a"), old, kept]);
    const before = existsSync(join(store.path, "published/a/tools", old.path))
      ? bytesOf(store, "a", old.path)
      : undefined;
    const { parts, options } = await change(store, old);

    await store.trees.build("b", [...documents("b"), kept, ...parts], { base: "a", ...options });

    expect(shownBy(store, "b")).toEqual(
      [
        ...parts.map((part) => ("path" in part ? part.path : "streams/v1/a/agents.json")),
        kept.path,
        "streams/v1/b/agents.json",
        "streams/v1/index2.json",
      ].sort(),
    );
    expect(await readdir(join(store.path, "pools"))).toContain("b");
    if (before !== undefined && existsSync(join(store.path, "pools/a")))
      expect(bytesOf(store, "a", old.path)).toBe(before);
    // What needs nothing of the other can go.
    await store.trees.delete("a");
    expect(bytesOf(store, "b", kept.path)).toBe(someBytes(102, 2).bytes.toString("utf8"));
  });
});

test("documents that the base has in the same version are not asked for again", async () => {
  await using store = await temporaryStore();
  await store.trees.build("a", documents("a"));
  let asked = 0;
  const again = documents("a", { onAsked: () => void (asked += 1) }).slice(1);
  await store.trees.build("b", [...documents("b"), ...again], { base: "a" });
  expect(asked).toBe(0);
  expect(bytesOf(store, "b", "streams/v1/a/agents.json")).toBe("a whole");
  await store.trees.delete("a");
  expect(bytesOf(store, "b", "streams/v1/a/agents.json")).toBe("a whole");
});

test("a tree whose note is damaged loses nothing when another one is deleted", async () => {
  await using store = await temporaryStore();
  const [one, two] = [await tarball(store, "3.1.0", 1), await tarball(store, "3.1.1", 2)];
  await store.trees.build("a", [...documents("a"), one, two]);
  await store.trees.build("b", [...documents("b"), one], { base: "a" });
  await store.trees.build("c", [...documents("c"), one], { base: "b" });
  await writeFile(join(store.path, "published/b/shares.json.gz"), "x");

  await store.trees.delete("a");
  expect(shownBy(store, "b")).toEqual(expect.arrayContaining([one.path, two.path]));

  // Without it the rest is known again.
  await store.trees.delete("b");
  expect(shownBy(store, "c")).toEqual(
    [one.path, "streams/v1/c/agents.json", "streams/v1/index2.json"].sort(),
  );
});

test("what a killed run added to a pool goes when the next one begins; what others list stays", async () => {
  await using store = await temporaryStore();
  const [one, two] = [await tarball(store, "3.1.0", 1), await tarball(store, "3.1.1", 2)];
  await store.trees.build("a", [...documents("a"), one]);
  await store.trees.build("b", [...documents("b"), one, two], { base: "a" });
  // A run that was killed before its tree got its id, and a pool that no tree has.
  execFileSync("mv", [join(store.path, "published/b"), join(store.path, "published/.tmp-1")]);
  await mkdir(join(store.path, "pools/left/agent"), { recursive: true });
  await mkdir(join(store.path, "pools/.tmp-2"));

  const lease = await (await openFsStore(store.path)).lease.acquire("jam sync");
  await lease.release();

  expect(shownBy(store, "a")).toEqual(
    [one.path, "streams/v1/a/agents.json", "streams/v1/index2.json"].sort(),
  );
  expect(await readdir(join(store.path, "pools"))).toEqual(["a"]);
  expect(await readdir(join(store.path, "published"))).toEqual(["a"]);
});

test("a tarball that is nowhere below a folder of its own is in the tree itself", async () => {
  await using store = await temporaryStore();
  const { sha256 } = await putBlob(store.blobs, 100);
  const parts = [...documents("a"), { path: "juju.tgz", sha256 }, { path: "streams/juju.tgz", sha256 }];
  await store.trees.build("a", parts);
  expect(shownBy(store, "a")).toEqual(
    ["juju.tgz", "streams/juju.tgz", "streams/v1/a/agents.json", "streams/v1/index2.json"].sort(),
  );
});

test("a document that is the same as one of a folder is one file with it, and stays without the base", async () => {
  await using store = await temporaryStore();
  const bytes = Buffer.from("a whole");
  const twin = { path: "streams/v1/agents.json", bytes, sameAs: "streams/v1/a/agents.json" };
  const alone = { path: "streams/v1/other.json", bytes, sameAs: "streams/v1/b/agents.json" };
  await store.trees.build("a", [...documents("a"), twin, alone]);
  await store.trees.build("a~2", [...documents("a"), twin], { base: "a" });
  const inode = async (path: string) => (await stat(join(store.path, path))).ino;
  const tools = "published/a/tools/streams/v1";
  expect(await inode(`${tools}/agents.json`)).toBe(await inode(`${tools}/a/agents.json`));
  expect(await inode(`${tools}/other.json`)).not.toBe(await inode(`${tools}/a/agents.json`));
  await store.trees.delete("a");
  expect(bytesOf(store, "a~2", twin.path)).toBe("a whole");
});

test("a copy of what is shown that follows links is complete", async () => {
  await using store = await temporaryStore();
  const one = await tarball(store, "3.1.0", 1);
  await store.trees.build("a", [...documents("a"), one]);
  await store.refs.swap("mirror", undefined, "a");
  execFileSync("cp", ["-rL", join(store.path, "tools"), join(store.path, "copy")]);
  await rm(join(store.path, "pools"), { recursive: true });
  expect(await readFile(join(store.path, "copy", one.path), "utf8")).toBe(
    someBytes(101, 1).bytes.toString("utf8"),
  );
  expect(await readFile(join(store.path, "copy/streams/v1/a/agents.json"), "utf8")).toBe("a whole");
});
