import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

import { openUpstream } from "../../../src/upstream/open-upstream.ts";
import type { Upstream } from "../../../src/upstream/source.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { buildSampleTree, type SampleTree } from "../../helpers/upstream.ts";
import { failureOf, fetchInto, INDEX, itemRequest, leavePartial, NEVER } from "./setup.ts";

const PATH = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";

interface FolderFixture {
  readonly tree: SampleTree;
  /** The folder that holds `tools`. */
  readonly folder: string;
  readonly open: (url?: string, keyring?: string) => Upstream;
}

async function writeTree(): Promise<FolderFixture> {
  const tree = await buildSampleTree({ releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 1_500_000 });
  const folder = await mkdtemp(join(tmpdir(), "jam-folder-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const keyring = join(folder, "key.asc");
  await writeFile(keyring, tree.key.publicKeyArmored);
  const files: [string, Uint8Array][] = [...tree.documents];
  for (const [path, item] of tree.items)
    files.push([path, await item.source.read(0, Buffer.alloc(item.size))]);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, "tools", path)), { recursive: true });
    await writeFile(join(folder, "tools", path), bytes);
  }
  const open = (url = folder, ring = keyring) =>
    openUpstream({ name: "folder", url, keyring: ring, userAgent: "jam/test" });
  return { tree, folder, open };
}

describe("a folder as upstream", () => {
  test.for([
    { name: "the folder above tools", url: (folder: string) => folder },
    { name: "the tools folder itself", url: (folder: string) => join(folder, "tools") },
    { name: "a file: URL", url: (folder: string) => pathToFileURL(join(folder, "tools")).href },
  ])("is found as $name", async ({ url }) => {
    const { folder, open, tree } = await writeTree();
    await using store = await temporaryStore();
    const source = open(url(folder));

    const answer = await source.readDocument(INDEX, undefined, NEVER);
    const log = await fetchInto(store, source, itemRequest({ tree }, PATH));

    expect(answer).toMatchObject({
      kind: "found",
      document: { signature: { fingerprint: tree.key.fingerprint } },
    });
    expect(log.bytes).toBe(tree.items.get(PATH)?.size);
    expect(await store.blobs.stat(itemRequest({ tree }, PATH).sha256)).toBeDefined();
  });

  test("says that a document did not change, and sees when it does", async () => {
    const { folder, open } = await writeTree();
    const source = open();
    const first = await source.readDocument(INDEX, undefined, NEVER);
    if (first.kind !== "found") throw new Error(first.kind);

    expect(await source.readDocument(INDEX, first.document.validators, NEVER)).toEqual({
      kind: "not-modified",
    });
    await utimes(join(folder, "tools", INDEX), new Date(), new Date(Date.now() + 1000));
    expect(await source.readDocument(INDEX, first.document.validators, NEVER)).toMatchObject({
      kind: "found",
    });
  });

  test("verifies as over HTTP", async () => {
    const { open } = await writeTree();

    const error = await failureOf(open(undefined, "builtin").readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_METADATA_KEY_UNKNOWN");
  });

  test("says not-found as a value", async () => {
    const { open, folder } = await writeTree();

    const answer = await open().readDocument("streams/v1/nothing.sjson", undefined, NEVER);

    expect(answer).toEqual({ kind: "not-found", url: join(folder, "tools/streams/v1/nothing.sjson") });
  });

  test("keeps to one tree when another is put in its place", async () => {
    const { folder, open } = await writeTree();
    await rename(join(folder, "tools"), join(folder, "first"));
    await symlink("first", join(folder, "tools"));
    const source = open();
    await source.readDocument(INDEX, undefined, NEVER);
    await mkdir(join(folder, "second", "streams", "v1"), { recursive: true });
    await rm(join(folder, "tools"));
    await symlink("second", join(folder, "tools"));

    expect(await source.readDocument(INDEX, undefined, NEVER)).toMatchObject({ kind: "found" });
  });

  test("goes on where an interrupted copy of the same file stopped", async () => {
    const { open, tree } = await writeTree();
    await using store = await temporaryStore();
    const item = itemRequest({ tree }, PATH);
    const source = open();
    const stop = new AbortController();
    const onBytes = () => stop.abort();
    const error = await failureOf(fetchInto(store, source, item, { signal: stop.signal, onBytes }));
    expect(error.code).toBe("JAM_CANCELLED");

    await fetchInto(store, source, item);

    expect(await store.blobs.stat(item.sha256)).toMatchObject({ size: item.size });
  });

  test("starts over when what is there came from elsewhere", async () => {
    const { open, tree } = await writeTree();
    await using store = await temporaryStore();
    const item = itemRequest({ tree }, PATH);
    await leavePartial(store, item, { bytes: new Uint8Array(1000), validator: '"other"' });

    const log = await fetchInto(store, open(), item);

    expect(log).toEqual({ bytes: item.size - 1000, retries: [] });
  });
});

describe("a folder with faults", () => {
  test("without metadata is named, with what to name instead", async () => {
    const { folder, open } = await writeTree();

    const error = await failureOf(open(join(folder, "tools", "agent")).readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_NOT_FOUND");
    expect(error.hint).toContain("streams/v1");
  });

  test.for(["agent/evil.tgz", "streams/v1/evil.sjson"])(
    "leads nowhere by a symbolic link: %s",
    async (path) => {
      const { folder, open } = await writeTree();
      await writeFile(join(folder, "secret"), "secret");
      await symlink(join(folder, "secret"), join(folder, "tools", path));

      const error = await failureOf(open().readDocument(path, undefined, NEVER));

      expect(error.code).toBe("JAM_ITEM_REFUSED");
      expect(error.message).toContain("symbolic link");
    },
  );

  test("misses a tarball: named, and not tried again", async () => {
    const { folder, open, tree } = await writeTree();
    await using store = await temporaryStore();
    await rm(join(folder, "tools", PATH));

    const error = await failureOf(fetchInto(store, open(), itemRequest({ tree }, PATH)));

    expect(error.code).toBe("JAM_UPSTREAM_NOT_FOUND");
  });

  test.for([
    { name: "altered", code: "JAM_ITEM_HASH_MISMATCH", change: (size: number) => new Uint8Array(size) },
    { name: "cut off", code: "JAM_ITEM_SIZE_MISMATCH", change: (size: number) => new Uint8Array(size - 1) },
  ])("holds a tarball that was $name: refused", async ({ code, change }) => {
    const { folder, open, tree } = await writeTree();
    await using store = await temporaryStore();
    const item = itemRequest({ tree }, PATH);
    await writeFile(join(folder, "tools", PATH), change(item.size));

    expect((await failureOf(fetchInto(store, open(), item))).code).toBe(code);
    expect(await store.blobs.stat(item.sha256)).toBeUndefined();
  });

  test("holds a folder where a document should be: unreadable", async () => {
    const { folder, open } = await writeTree();
    await mkdir(join(folder, "tools", "streams/v1/odd.sjson"));

    expect((await failureOf(open().readDocument("streams/v1/odd.sjson", undefined, NEVER))).code).toBe(
      "JAM_UPSTREAM_UNREACHABLE",
    );
  });
});
