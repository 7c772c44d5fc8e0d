import { describe, expect, it } from "vitest";
import type { Store } from "../../../src/store/store.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { collect, inChunks, listBlobs, putBlob, readBlob, someBytes } from "../../helpers/store-content.ts";

/** A store that is empty at first, and goes when the scope ends. */
export interface StoreUnderTest extends Store, AsyncDisposable {
  /** A second opening of the same store, as another process has it. */
  reopen(): Promise<Store>;
  /** Takes the writer's place away from whoever has it, as an operator or a failure of the system can. */
  takeLeaseAway(): Promise<void>;
}

/** What a driver offers of what is optional. */
export interface Abilities {
  readonly hasTrees: boolean;
  readonly hasSpace: boolean;
  readonly hasPositions: boolean;
}

/** What every driver of the store promises. */
export function describeStore(
  driver: string,
  open: () => Promise<StoreUnderTest>,
  abilities: Abilities,
): void {
  describe(`${driver} blobs`, () => describeBlobs(open, abilities));
  describe(`${driver} documents`, () => describeDocuments(open));
  describe(`${driver} refs`, () => describeRefs(open));
  const noTrees = abilities.hasTrees ? "" : " (skipped: this driver has no trees)";
  describe.runIf(abilities.hasTrees)(`${driver} trees${noTrees}`, () => describeTrees(open));
  describe(`${driver} writer's lease`, () => describeLease(open, abilities));
}

function describeBlobs(open: () => Promise<StoreUnderTest>, { hasPositions }: Abilities): void {
  it("knows nothing about a blob that never came", async () => {
    await using store = await open();
    const { sha256 } = someBytes(10);

    expect(await store.blobs.stat(sha256)).toBeUndefined();
    expect(await store.blobs.open(sha256)).toBeUndefined();
    expect(await listBlobs(store.blobs)).toEqual([]);
    await expect(store.blobs.delete(sha256)).resolves.toBeUndefined();
  });

  it.for([0, 1, 65_536, 1_500_001])("returns the bytes of a committed blob of %i bytes", async (size) => {
    await using store = await open();
    const blob = await putBlob(store.blobs, size);

    expect(await store.blobs.stat(blob.sha256)).toMatchObject({ sha256: blob.sha256, size });
    expect(await readBlob(await store.reopen().then((other) => other.blobs), blob.sha256)).toEqual(
      blob.bytes,
    );
  });

  it.for([
    [3000, 7096],
    [0, 10_000],
    [9999, 20_000],
    [0, 1],
  ] as const)("streams bytes %i to %i, and none after the end", async ([start, end]) => {
    await using store = await open();
    const blob = await putBlob(store.blobs, 10_000);
    const reader = await store.blobs.open(blob.sha256);

    expect(await collect(reader!.bytes({ start, end }))).toEqual(blob.bytes.subarray(start, end));
    expect(await collect(reader!.bytes({ start: 500, end: 500 }))).toHaveLength(0);
    expect(await collect(reader!.bytes({ start: 10_000, end: 10_001 }))).toHaveLength(0);
    await reader?.close();
  });

  it("reads several ranges of one blob at the same time, and ends one when its reader leaves", async () => {
    await using store = await open();
    const blob = await putBlob(store.blobs, 3_000_000);
    const reader = await store.blobs.open(blob.sha256);
    const left = (async () => {
      for await (const piece of reader!.bytes()) return piece[0];
      return undefined;
    })();

    const [one, other] = await Promise.all([
      collect(reader!.bytes({ start: 5, end: 2_500_000 })),
      collect(reader!.bytes({ start: 1_000_000, end: 3_000_000 })),
    ]);

    expect(one.equals(blob.bytes.subarray(5, 2_500_000))).toBe(true);
    expect(other.equals(blob.bytes.subarray(1_000_000))).toBe(true);
    expect(await left).toBe(blob.bytes[0]);
    await reader?.close();
  });

  it("reads at any position, stops at the end and answers 0 after it", async ({ skip }) => {
    skip(!hasPositions, "this driver has no reads at a position");
    await using store = await open();
    const blob = await putBlob(store.blobs, 10_000);
    const reader = await store.blobs.open(blob.sha256);
    const buffer = Buffer.alloc(4096);

    expect(await reader?.readAt?.(buffer, 3000)).toBe(4096);
    expect(buffer).toEqual(blob.bytes.subarray(3000, 7096));
    expect(await reader?.readAt?.(buffer, 9999)).toBe(1);
    expect(buffer[0]).toBe(blob.bytes[9999]);
    expect(await reader?.readAt?.(buffer, 10_000)).toBe(0);
    await reader?.close();
  });

  it("offers no reads at a position", async ({ skip }) => {
    skip(hasPositions, "this driver has reads at a position");
    await using store = await open();
    const { sha256 } = await putBlob(store.blobs, 10);
    const reader = await store.blobs.open(sha256);
    expect("readAt" in reader!).toBe(false);
    await reader?.close();
  });

  it("ends a stream that has begun whole, also when the blob is deleted meanwhile", async () => {
    await using store = await open();
    const blob = await putBlob(store.blobs, 3_000_000);
    const reader = await store.blobs.open(blob.sha256);
    const pieces: Buffer[] = [];

    for await (const piece of reader!.bytes()) {
      if (pieces.length === 0) await store.blobs.delete(blob.sha256);
      pieces.push(Buffer.from(piece));
    }

    expect(Buffer.concat(pieces).equals(blob.bytes)).toBe(true);
    expect(await store.blobs.stat(blob.sha256)).toBeUndefined();
    await reader?.close();
  });

  it("lists every blob once with its size", async () => {
    await using store = await open();
    const blobs = await Promise.all([1, 2, 3, 4, 5].map((seed) => putBlob(store.blobs, seed * 100, seed)));

    expect(await listBlobs(store.blobs)).toEqual(
      blobs.map(({ sha256, bytes }) => `${sha256} ${bytes.length}`).sort(),
    );
    expect((await store.blobs.names()).toSorted()).toEqual(blobs.map(({ sha256 }) => sha256).sort());
    const absent = sha256Of("absent");
    const sizes = await store.blobs.sizes([...blobs.map(({ sha256 }) => sha256), absent]);
    expect(sizes).toEqual(new Map(blobs.map(({ sha256, bytes }) => [sha256, bytes.length])));
  });
}

function describeDocuments(open: () => Promise<StoreUnderTest>): void {
  it("returns what was put last", async () => {
    await using store = await open();
    await store.documents.put("state", "memory.json", Buffer.from("old"));
    await store.documents.put("state", "memory.json", Buffer.from("new"));

    const other = await store.reopen();
    expect(Buffer.from((await other.documents.get("state", "memory.json")) ?? []).toString()).toBe("new");
    expect(await other.documents.get("snapshots", "memory.json")).toBeUndefined();
  });

  it("lists names in ascending order and forgets deleted ones", async () => {
    await using store = await open();
    for (const name of ["b.json", "a.json", "c.json"]) {
      await store.documents.put("history", name, Buffer.from(name));
    }
    await store.documents.delete("history", "b.json");
    await store.documents.delete("history", "never-there.json");

    expect(await store.documents.list("history")).toEqual(["a.json", "c.json"]);
    expect(await store.documents.list("snapshots")).toEqual([]);
  });

  it.for(["../escape.json", "a/b.json", ".hidden.json", "plain", "", "nul\0.json"])(
    "refuses %j as a name",
    async (name) => {
      await using store = await open();
      const refused = { code: "JAM_USAGE_INVALID" };
      await expect(store.documents.get("snapshots", name)).rejects.toMatchObject(refused);
      await expect(store.documents.put("snapshots", name, Buffer.alloc(1))).rejects.toMatchObject(refused);
      await expect(store.documents.delete("snapshots", name)).rejects.toMatchObject(refused);
    },
  );

  it("names upstream documents by hash only", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(100);
    await store.documents.put("upstream", sha256, bytes);
    expect(await store.documents.list("upstream")).toEqual([sha256]);
    await expect(store.documents.put("upstream", "index.json", bytes)).rejects.toMatchObject({
      code: "JAM_USAGE_INVALID",
    });
  });
}

/** Makes these ids publishable: refs of a store with trees point at trees. */
async function publishable(store: Store, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await store.trees?.build(id, [INDEX]);
}

const INDEX = { path: "streams/v1/index2.json", bytes: Buffer.from("{}") };

function describeRefs(open: () => Promise<StoreUnderTest>): void {
  it("points a ref at what is published, and moves it only from where the caller saw it", async () => {
    await using store = await open();
    await publishable(store, "one", "two", "three");
    expect(await store.refs.read("mirror")).toBeUndefined();

    expect(await store.refs.swap("mirror", undefined, "one")).toBe(true);
    expect(await store.refs.swap("mirror", "one", "two")).toBe(true);
    expect(await store.refs.swap("mirror", "one", "three")).toBe(false);
    expect(await store.refs.swap("mirror", undefined, "three")).toBe(false);

    expect(await (await store.reopen()).refs.read("mirror")).toBe("two");
    expect(await store.refs.read("lab")).toBeUndefined();
  });

  it("lets one of twelve move a ref that all saw at the same place", async () => {
    await using store = await open();
    const ids = Array.from({ length: 12 }, (_, index) => `id-${index}`);
    await publishable(store, "first", ...ids);
    for (const seen of [undefined, "first"]) {
      if (seen !== undefined) await store.refs.swap("lab", undefined, seen);
      const name = seen === undefined ? "mirror" : "lab";
      const moved = await Promise.all(ids.map((id) => store.refs.swap(name, seen, id)));
      expect(moved.filter(Boolean)).toHaveLength(1);
      expect(await store.refs.read(name)).toBe(ids[moved.indexOf(true)]);
    }
  });

  it("lists every ref with its target by name, and forgets a deleted one", async () => {
    await using store = await open();
    await publishable(store, "one", "two");
    expect(await store.refs.list()).toEqual([]);
    await store.refs.swap("mirror", undefined, "one");
    await store.refs.swap("lab", undefined, "two");
    await store.refs.swap("edge", undefined, "one");

    expect(await (await store.reopen()).refs.list()).toEqual([
      { name: "edge", target: "one" },
      { name: "lab", target: "two" },
      { name: "mirror", target: "one" },
    ]);

    await store.refs.delete("lab");
    await store.refs.delete("lab");
    expect((await store.refs.list()).map(({ name }) => name)).toEqual(["edge", "mirror"]);
    expect(await store.refs.read("lab")).toBeUndefined();
    await store.trees?.delete("two");
    expect(await store.refs.swap("lab", "two", "one")).toBe(false);
    expect(await store.refs.swap("lab", undefined, "one")).toBe(true);
  });

  it.for(["../x", "a/b", "", ".", "..", ".tmp-1"])("refuses %j as a name and as a target", async (id) => {
    await using store = await open();
    const refused = { code: "JAM_USAGE_INVALID" };
    await expect(store.refs.read(id)).rejects.toMatchObject(refused);
    await expect(store.refs.swap(id, undefined, "one")).rejects.toMatchObject(refused);
    await expect(store.refs.swap("mirror", undefined, id)).rejects.toMatchObject(refused);
    await expect(store.refs.delete(id)).rejects.toMatchObject(refused);
    expect(await store.refs.list()).toEqual([]);
  });
}

function describeTrees(openAny: () => Promise<StoreUnderTest>): void {
  const open = async () => {
    const store = await openAny();
    if (store.trees === undefined) throw new Error("the driver has no trees");
    return { ...store, trees: store.trees };
  };

  it("refuses to point a ref at a tree that does not exist", async () => {
    await using store = await open();
    await expect(store.refs.swap("mirror", undefined, "nothing")).rejects.toMatchObject({
      code: "JAM_SNAPSHOT_NOT_FOUND",
    });
    expect(await store.refs.read("mirror")).toBeUndefined();
  });

  it("lists complete trees in ascending order and deletes those that no ref names", async () => {
    await using store = await open();
    for (const id of ["20260102T000000Z-b~2", "20260101T000000Z-a"]) await store.trees.build(id, [INDEX]);
    await store.refs.swap("mirror", undefined, "20260101T000000Z-a");

    await expect(store.trees.delete("20260101T000000Z-a")).rejects.toMatchObject({
      code: "JAM_USAGE_INVALID",
      details: { refs: ["mirror"] },
    });
    expect(await store.trees.list()).toEqual(["20260101T000000Z-a", "20260102T000000Z-b~2"]);

    await store.trees.delete("20260102T000000Z-b~2");
    await store.trees.delete("20260102T000000Z-b~2");
    expect(await store.trees.list()).toEqual(["20260101T000000Z-a"]);
  });

  it("builds nothing when a blob is missing, and names it", async () => {
    await using store = await open();
    const held = await putBlob(store.blobs, 100);
    const { sha256 } = someBytes(100, 2);
    const files = [INDEX, { path: "agent/a.tgz", sha256: held.sha256 }, { path: "agent/b.tgz", sha256 }];

    await expect(store.trees.build("one", files)).rejects.toMatchObject({
      code: "JAM_STORE_CORRUPT",
      details: { sha256 },
    });

    expect(await store.trees.list()).toEqual([]);
  });

  it("accepts one path twice with one content, and refuses it with two", async () => {
    await using store = await open();
    const { sha256 } = await putBlob(store.blobs, 100);
    const other = await putBlob(store.blobs, 100, 2);
    const file = { path: "agent/a.tgz", sha256 };

    await store.trees.build("one", [INDEX, file, { ...file }, { ...INDEX }]);
    const conflict = store.trees.build("two", [file, { path: "agent/a.tgz", sha256: other.sha256 }]);

    await expect(conflict).rejects.toMatchObject({ code: "JAM_METADATA_CONFLICT" });
    expect(await store.trees.list()).toEqual(["one"]);
  });

  it.for(["../x", "/x", "a/../../x", "a//b", "", ".", "a/.hidden", "a\\b", "a/\0"])(
    "refuses %j as a path in a tree",
    async (path) => {
      await using store = await open();
      await expect(store.trees.build("one", [{ path, bytes: Buffer.alloc(1) }])).rejects.toMatchObject({
        code: "JAM_METADATA_CONFLICT",
      });
      expect(await store.trees.list()).toEqual([]);
    },
  );

  it.for(["../x", "a/b", "", ".", "..", ".tmp-1"])("refuses %j as the id of a tree", async (id) => {
    await using store = await open();
    const refused = { code: "JAM_USAGE_INVALID" };
    await expect(store.trees.build(id, [])).rejects.toMatchObject(refused);
    await expect(store.trees.delete(id)).rejects.toMatchObject(refused);
  });
}

function describeLease(open: () => Promise<StoreUnderTest>, { hasSpace }: Abilities): void {
  it("lets one writer in, names it to the others, and is free after its release", async () => {
    await using store = await open();
    const other = await store.reopen();
    expect(await store.lease.holder()).toBeUndefined();
    const lease = await store.lease.acquire("jam sync");

    const holder = { pid: process.pid, command: "jam sync" };
    await expect(other.lease.acquire("jam prune")).rejects.toMatchObject({
      code: "JAM_STORE_LOCKED",
      message: expect.stringContaining(`\`jam sync\` (process ${process.pid}`),
      details: { ...holder, host: expect.any(String), since: expect.any(String) },
    });
    expect(await other.lease.holder()).toMatchObject({ ...holder, since: expect.any(Date) });

    await lease.release();
    await lease.release();
    expect(await other.lease.holder()).toBeUndefined();
    const next = await other.lease.acquire("jam prune");
    await next.release();
  });

  it("tells a holder whose place was taken away, and refuses what others could not count on", async () => {
    await using store = await open();
    await publishable(store, "one", "two");
    const blob = await putBlob(store.blobs, 100);
    await store.refs.swap("mirror", undefined, "one");
    const lease = await store.lease.acquire("jam sync");
    await store.documents.put("state", "a.json", Buffer.from("a"));
    expect(lease.lost.aborted).toBe(false);

    await store.takeLeaseAway();

    const locked = { code: "JAM_STORE_LOCKED", details: { lost: true } };
    await expect(store.refs.swap("mirror", "one", "two")).rejects.toMatchObject(locked);
    await expect(store.refs.delete("mirror")).rejects.toMatchObject(locked);
    await expect(store.documents.put("state", "a.json", Buffer.from("b"))).rejects.toMatchObject(locked);
    await expect(store.documents.delete("state", "a.json")).rejects.toMatchObject(locked);
    await expect(store.blobs.delete(blob.sha256)).rejects.toMatchObject(locked);
    if (store.trees !== undefined) {
      await expect(store.trees.build("three", [INDEX])).rejects.toMatchObject(locked);
      await expect(store.trees.delete("two")).rejects.toMatchObject(locked);
    }
    expect(lease.lost.aborted).toBe(true);
    expect(lease.lost.reason).toMatchObject(locked);
    expect(await store.refs.read("mirror")).toBe("one");
    expect(await readBlob(store.blobs, blob.sha256)).toEqual(blob.bytes);
    expect(Buffer.from((await store.documents.get("state", "a.json")) ?? []).toString()).toBe("a");
  });

  it("tells of a loss by itself, and leaves the place to the one who has it now", async () => {
    await using store = await open();
    const lease = await store.lease.acquire("jam sync");
    await store.takeLeaseAway();
    const other = await (await store.reopen()).lease.acquire("jam prune");

    await expect.poll(() => lease.lost.aborted, { timeout: 5000 }).toBe(true);
    await lease.release();

    expect(await store.lease.holder()).toMatchObject({ command: "jam prune" });
    expect(other.lost.aborted).toBe(false);
    await other.release();
    const again = await store.lease.acquire("jam sync");
    await store.documents.put("state", "a.json", Buffer.from("a"));
    await again.release();
    expect(again.lost.aborted).toBe(false);
  });

  it("loses nothing that is still of use to the recovery of a new writer", async () => {
    await using store = await open();
    const blob = await putBlob(store.blobs, 1000);
    const { bytes, sha256 } = someBytes(1000, 2);
    const staged = await store.blobs.stage(sha256);
    await staged.restart('"v1"');
    await staged.append(inChunks(bytes.subarray(0, 500)), 1000);
    await staged.close();
    await store.documents.put("state", "a.json", Buffer.from("a"));
    await store.trees?.build("one", [{ path: "agent/a.tgz", sha256: blob.sha256 }]);
    await store.refs.swap("mirror", undefined, "one");

    await (await store.lease.acquire("jam sync")).release();

    expect(await readBlob(store.blobs, blob.sha256)).toEqual(blob.bytes);
    const again = await store.blobs.stage(sha256);
    expect(again.received).toBeLessThanOrEqual(500);
    await again.close();
    expect(await store.documents.list("state")).toEqual(["a.json"]);
    expect(await store.refs.read("mirror")).toBe("one");
    if (store.trees !== undefined) expect(await store.trees.list()).toEqual(["one"]);
  });

  it("tells how much room there is", async ({ skip }) => {
    skip(!hasSpace, "this driver has no limit of space");
    await using store = await open();
    expect(await store.space?.()).toBeGreaterThan(0);
  });
}
