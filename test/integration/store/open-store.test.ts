import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath, formatFormat, STORE_FORMAT } from "../../../src/store/layout.ts";
import { collect, listBlobs, putBlob, someBytes } from "../../helpers/store-content.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "jam-folder-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe("opening a store in a folder", () => {
  it.for(["missing", "."])(
    "reads a %s folder as a mirror that holds nothing, and creates nothing",
    async (name) => {
      await using folder = await temporaryFolder();
      const store = await openFsStore(join(folder.path, name));
      const { sha256 } = someBytes(1);

      expect(await store.refs.read("mirror")).toBeUndefined();
      expect(await store.blobs.stat(sha256)).toBeUndefined();
      expect(await store.blobs.open(sha256)).toBeUndefined();
      expect(await listBlobs(store.blobs)).toEqual([]);
      expect(await store.documents.get("state", "a.json")).toBeUndefined();
      expect(await store.documents.list("snapshots")).toEqual([]);
      expect(await store.trees.list()).toEqual([]);
      expect(await store.lease.holder()).toBeUndefined();
      expect(await store.space?.()).toBeGreaterThan(0);
      await store.documents.delete("state", "a.json");
      await store.trees.delete("one");
      expect(readdirSync(folder.path)).toEqual([]);
    },
  );

  it("says `jam sync` to who wants to write where there is no mirror", async () => {
    await using folder = await temporaryFolder();
    const store = await openFsStore(join(folder.path, "missing"));
    await expect(store.lease.acquire("jam prune")).rejects.toMatchObject({
      code: "JAM_MIRROR_EMPTY",
      hint: "Run `jam sync`.",
    });
  });

  it("creates folders and the face's link, also twice at the same time", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a/b");
    await Promise.all([openFsStore(path, { create: true }), openFsStore(path, { create: true })]);
    const before = readdirSync(path);
    await openFsStore(path, { create: true });

    expect(readdirSync(path)).toEqual(before);
    expect(await readFile(join(path, "format"), "utf8")).toBe(formatFormat(STORE_FORMAT));
    expect(lstatSync(join(path, "tools")).isSymbolicLink()).toBe(true);
  });

  it("refuses a store of a newer format, for reading too", async () => {
    await using store = await temporaryStore();
    await writeFile(join(store.path, "format"), formatFormat(STORE_FORMAT + 1));
    for (const create of [true, false]) {
      await expect(openFsStore(store.path, { create })).rejects.toMatchObject({
        code: "JAM_STORE_FORMAT",
        details: { found: STORE_FORMAT + 1, supported: STORE_FORMAT },
      });
    }
  });

  it("raises an older format when somebody begins to write, and not before", async () => {
    await using store = await temporaryStore();
    const marker = join(store.path, "format");
    await writeFile(marker, "jam-store:1\n");
    await rm(join(store.path, "catalogue"), { recursive: true });
    const opened = await openFsStore(store.path);
    await opened.documents.list("catalogue");
    expect(await readFile(marker, "utf8")).toBe("jam-store:1\n");
    const lease = await opened.lease.acquire("jam sync");
    expect(await readFile(marker, "utf8")).toBe(formatFormat(STORE_FORMAT));
    await opened.documents.put("catalogue", "a".repeat(64), Buffer.from("{}"));
    await lease.release();
  });

  it("refuses a marker that names no format", async () => {
    await using store = await temporaryStore();
    await writeFile(join(store.path, "format"), "\0\0\0");
    await expect(openFsStore(store.path)).rejects.toMatchObject({ code: "JAM_STORE_FORMAT" });
  });

  it("refuses a folder whose `tools` somebody else made", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "tools/streams"), { recursive: true });
    await expect(openFsStore(folder.path, { create: true })).rejects.toMatchObject({
      code: "JAM_STORE_FORMAT",
    });
    expect(existsSync(join(folder.path, "tools/streams"))).toBe(true);
  });

  it("goes on with a store that lost its marker and its empty folders, as a copy may", async () => {
    await using store = await temporaryStore();
    const { sha256 } = await putBlob(store.blobs, 100);
    await store.trees.build("one", [{ path: "agent/a.tgz", sha256 }]);
    await store.refs.swap("mirror", undefined, "one");
    for (const name of ["format", "partial", "quarantine", "state", "history"]) {
      await rm(join(store.path, name), { recursive: true });
    }

    const again = await openFsStore(store.path, { create: true });
    expect(await again.refs.read("mirror")).toBe("one");
    await putBlob(again.blobs, 100, 2);
    expect(await listBlobs(again.blobs)).toHaveLength(2);
  });
});

describe("the data directory as it lies", () => {
  it("is a metadata source: every tarball once, documents and links below tools", async () => {
    await using store = await temporaryStore();
    const { bytes, sha256 } = await putBlob(store.blobs, 1000);
    await store.trees.build("one", [
      { path: "streams/v1/index2.json", bytes: Buffer.from("{}") },
      { path: "agent/3.6.5/a.tgz", sha256 },
      { path: "releases/a.tgz", sha256 },
    ]);
    await store.refs.swap("mirror", undefined, "one");
    await store.refs.swap("lab", undefined, "one");

    expect(await readFile(join(store.path, "tools/streams/v1/index2.json"), "utf8")).toBe("{}");
    expect(await readFile(join(store.path, "channels/lab/tools/agent/3.6.5/a.tgz"))).toEqual(bytes);
    const blob = lstatSync(join(store.path, blobPath(sha256)));
    expect(blob).toMatchObject({ nlink: 3 });
    expect(blob.mode & 0o777).toBe(0o444);
    expect(lstatSync(join(store.path, "tools/releases/a.tgz")).ino).toBe(blob.ino);
  });

  it("shows nothing of a ref that was deleted, and all of the others", async () => {
    await using store = await temporaryStore();
    await store.trees.build("one", [{ path: "streams/v1/index2.json", bytes: Buffer.from("{}") }]);
    for (const name of ["mirror", "lab", "edge"]) await store.refs.swap(name, undefined, "one");

    await store.refs.delete("lab");

    expect(await readdir(join(store.path, "channels"))).toEqual(["edge"]);
    expect(await readFile(join(store.path, "channels/edge/tools/streams/v1/index2.json"), "utf8")).toBe("{}");
    expect(await readFile(join(store.path, "tools/streams/v1/index2.json"), "utf8")).toBe("{}");
    await store.refs.delete("mirror");
    expect(await store.refs.list()).toEqual([{ name: "edge", target: "one" }]);
    await (await store.lease.acquire("jam prune")).release();
    expect(await store.refs.read("mirror")).toBeUndefined();
  });

  it("never shows a moment without a tree while trees are switched and deleted", async () => {
    await using store = await temporaryStore();
    const index = join(store.path, "tools/streams/v1/index2.json");
    const publish = async (number: number, before: string | undefined) => {
      const id = `tree-${number}`;
      await store.trees.build(id, [{ path: "streams/v1/index2.json", bytes: Buffer.from(String(number)) }]);
      expect(await store.refs.swap("mirror", before, id)).toBe(true);
      return id;
    };
    let current = await publish(0, undefined);
    const done = new AbortController();
    const reader = (async () => {
      const seen: number[] = [];
      while (!done.signal.aborted) {
        seen.push(Number(readFileSync(index, "utf8")));
        await new Promise(setImmediate);
      }
      return seen;
    })();
    for (let number = 1; number <= 40; number += 1) {
      const before = current;
      current = await publish(number, before);
      await store.trees.delete(before);
    }
    done.abort();

    const seen = await reader;
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(5);
  });

  it("serves a reader who opened a tarball before the switch", async () => {
    await using store = await temporaryStore();
    const { bytes, sha256 } = await putBlob(store.blobs, 100_000);
    await store.trees.build("one", [{ path: "agent/a.tgz", sha256 }]);
    await store.refs.swap("mirror", undefined, "one");
    const reader = await store.blobs.open(sha256);

    await store.trees.build("two", []);
    await store.refs.swap("mirror", "one", "two");
    await store.trees.delete("one");
    await store.blobs.delete(sha256);

    const read = Buffer.alloc(bytes.length);
    expect(await reader?.readAt?.(read, 0)).toBe(bytes.length);
    expect(read).toEqual(bytes);
    expect(await collect(reader!.bytes())).toEqual(bytes);
    await reader?.close();
    expect(execFileSync("find", [store.path, "-name", "*.tgz"], { encoding: "utf8" })).toBe("");
  });
});
