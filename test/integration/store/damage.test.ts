import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blobPath, partialPaths } from "../../../src/store/layout.ts";
import { collect, inChunks, listBlobs, putBlob, readBlob, someBytes } from "../../helpers/store-content.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

type Replace = (path: string) => Promise<unknown> | void;

const REPLACEMENTS: readonly (readonly [string, Replace])[] = [
  ["a symbolic link to another file", (path) => symlink("/etc/passwd", path)],
  ["a dangling symbolic link", (path) => symlink("nowhere", path)],
  ["a named pipe", (path) => void execFileSync("mkfifo", [path])],
  ["a folder", (path) => mkdir(path)],
];

describe("damage in the data directory", () => {
  it.for(REPLACEMENTS)("counts a blob as absent when there is %s in its place", async ([, replace]) => {
    await using store = await temporaryStore();
    const { sha256 } = await putBlob(store.blobs, 1000);
    const path = join(store.path, blobPath(sha256));
    await rm(path);
    await replace(path);

    expect(await store.blobs.stat(sha256)).toBeUndefined();
    expect(await store.blobs.open(sha256)).toBeUndefined();
    expect(await listBlobs(store.blobs)).toEqual([]);
    await expect(store.trees.build("one", [{ path: "agent/a.tgz", sha256 }])).rejects.toMatchObject({
      code: "JAM_STORE_CORRUPT",
      details: { sha256 },
    });
  });

  it.for(REPLACEMENTS.slice(0, 3))("puts the blob in the place of %s", async ([, replace]) => {
    await using store = await temporaryStore();
    const { bytes, sha256 } = await putBlob(store.blobs, 1000);
    await rm(join(store.path, blobPath(sha256)));
    await replace(join(store.path, blobPath(sha256)));

    await putBlob(store.blobs, 1000);

    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    expect(readFileSync("/etc/passwd").length).toBeGreaterThan(0);
  });

  it.for(REPLACEMENTS.slice(0, 3))(
    "writes nothing through %s in the place of a partial file",
    async ([, replace]) => {
      await using store = await temporaryStore();
      const { bytes, sha256 } = someBytes(1000);
      await replace(join(store.path, partialPaths(sha256, "run").bytes));

      const staged = await store.blobs.stage(sha256);
      expect(staged.received).toBe(0);
      await staged.restart(undefined);
      await staged.append(inChunks(bytes), 1000);
      await staged.commit(1000);

      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    },
  );

  it("ignores foreign files among the blobs", async () => {
    await using store = await temporaryStore();
    const { sha256 } = await putBlob(store.blobs, 1000);
    const elsewhere = sha256.startsWith("00") ? "01" : "00";
    await mkdir(join(store.path, "blobs/sha256", elsewhere), { recursive: true });
    for (const name of ["README", "zz", `${elsewhere}/${sha256}`, `${sha256.slice(0, 2)}/${sha256}.bak`]) {
      await writeFile(join(store.path, "blobs/sha256", name), "x");
    }

    expect(await listBlobs(store.blobs)).toEqual([`${sha256} 1000`]);
  });

  it("finds every flipped bit of a partial file when it is completed, and keeps a sample", async () => {
    for (const at of [0, 4095, 4096, 99_999]) {
      await using store = await temporaryStore({ now: () => new Date("2026-11-23T20:48:00Z") });
      const { bytes, sha256 } = someBytes(150_000);
      const partial = join(store.path, partialPaths(sha256, "run").bytes);
      const first = await store.blobs.stage(sha256);
      await first.append(inChunks(bytes.subarray(0, 100_000)), bytes.length);
      await first.close();
      const flipped = await readFile(partial);
      flipped[at]! ^= 0x10;
      await writeFile(partial, flipped);

      const second = await store.blobs.stage(sha256);
      await second.append(inChunks(bytes.subarray(100_000)), bytes.length);
      await expect(second.commit(bytes.length)).rejects.toMatchObject({ code: "JAM_ITEM_HASH_MISMATCH" });
      await second.close();

      const kept = join(store.path, "quarantine", sha256);
      expect(await readFile(`${kept}.sample`)).toEqual(flipped.subarray(0, 4096));
      expect(JSON.parse(await readFile(`${kept}.json`, "utf8"))).toMatchObject({
        sha256,
        code: "JAM_ITEM_HASH_MISMATCH",
        rejectedAt: "2026-11-23T20:48:00.000Z",
      });
      expect(readdirSync(join(store.path, "partial"))).toEqual([]);
    }
  });

  it("reads what is really there of a partial file that lost its end", async () => {
    await using store = await temporaryStore();
    const { bytes, sha256 } = someBytes(100_000);
    const staged = await store.blobs.stage(sha256);
    await staged.append(inChunks(bytes.subarray(0, 50_000)), bytes.length);
    await staged.close();
    const again = await store.blobs.stage(sha256);
    await truncate(join(store.path, partialPaths(sha256, "run").bytes), 20_000);

    await expect(again.append(inChunks(bytes.subarray(50_000)), bytes.length)).rejects.toMatchObject({
      code: "JAM_STORE_IO",
    });
    expect(again.received).toBe(20_000);
    await again.append(inChunks(bytes.subarray(20_000)), bytes.length);
    await again.commit(bytes.length);
    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("names a blob that is cut while it is streamed", async () => {
    await using store = await temporaryStore();
    const { sha256 } = await putBlob(store.blobs, 3_000_000);
    const reader = await store.blobs.open(sha256);
    await truncate(join(store.path, blobPath(sha256)), 2_500_000);

    let received = 0;
    const reading = (async () => {
      for await (const piece of reader!.bytes({ start: 100, end: 3_000_000 })) received += piece.length;
    })();

    await expect(reading).rejects.toMatchObject({ code: "JAM_STORE_CORRUPT", details: { sha256 } });
    expect(received).toBe(2_499_900);
    expect(await collect(reader!.bytes({ start: 0, end: 10 }))).toHaveLength(10);
    await reader?.close();
  });

  it("keeps samples of the last hundred rejected files only", async () => {
    await using store = await temporaryStore();
    for (let seed = 1; seed <= 105; seed += 1) {
      const staged = await store.blobs.stage(someBytes(10, seed).sha256);
      await staged.append(inChunks(Buffer.from("login page")), 10);
      await expect(staged.commit(10)).rejects.toMatchObject({ code: "JAM_ITEM_HASH_MISMATCH" });
      await staged.close();
    }
    const names = readdirSync(join(store.path, "quarantine"));
    expect(names).toHaveLength(200);
    expect(names).toContain(`${someBytes(10, 105).sha256}.sample`);
  });

  it("names a ref that is no link, and a ref that leads elsewhere", async () => {
    await using store = await temporaryStore();
    await writeFile(join(store.path, "refs/file"), "one");
    await symlink("/etc", join(store.path, "refs/elsewhere"));
    await expect(store.refs.read("file")).rejects.toMatchObject({ code: "JAM_STORE_COPIED" });
    await expect(store.refs.read("elsewhere")).rejects.toMatchObject({ code: "JAM_STORE_CORRUPT" });
  });
});

it.for(["a file", "a folder"])(
  "puts %s with the name of a blob aside, and keeps the last four",
  async (what) => {
    await using store = await temporaryStore();
    for (let seed = 1; seed <= 6; seed += 1) {
      const { sha256 } = await putBlob(store.blobs, 10, seed);
      if (what === "a folder") {
        await rm(join(store.path, blobPath(sha256)));
        await mkdir(join(store.path, blobPath(sha256)));
      }
      await store.blobs.setAside(sha256);
      await store.blobs.setAside(sha256);
      expect(await store.blobs.stat(sha256)).toBeUndefined();
    }
    expect(readdirSync(join(store.path, "quarantine"))).toHaveLength(4);
  },
);
