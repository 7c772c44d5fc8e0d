import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { BatchWriter } from "../../../src/disk/batch-writer.ts";
import { FileHash } from "../../../src/disk/file-hash.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { someBytes } from "../../helpers/store-content.ts";

/** The threads that were started since the start of this file. */
const workers: Worker[] = [];
process.on("worker", (worker: Worker) => workers.push(worker));

/** A file in a folder of its own that is written and hashed. */
async function openOne() {
  const folder = await mkdtemp(join(tmpdir(), "jam-file-hash-"));
  const path = join(folder, "one");
  const file = await open(path, "wx+");
  return {
    path,
    file,
    async [Symbol.asyncDispose]() {
      await file.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function write(hash: FileHash, bytes: Uint8Array, chunk = 70_000): Promise<void> {
  const writer = new BatchWriter(hash);
  try {
    for (let at = 0; at < bytes.length; at += chunk) await writer.write(bytes.subarray(at, at + chunk));
  } finally {
    await writer.finish();
  }
}

describe("a file that is hashed while it is written", () => {
  it.for([0, 1, 524_287, 524_288, 524_289, 3_000_001])("has %i bytes and their hash", async (size) => {
    await using one = await openOne();
    const { bytes, sha256 } = someBytes(size);
    const hash = new FileHash(one.file);
    await write(hash, bytes);
    await hash.flush();

    expect([hash.size, await hash.finish()]).toEqual([size, sha256]);
    expect(await readFile(one.path)).toEqual(bytes);
    await hash.close();
  });

  it("is hashed from its start when an earlier run wrote the beginning", async () => {
    await using one = await openOne();
    const { bytes, sha256 } = someBytes(9_000_001);
    await one.file.write(bytes, 0, 5_500_000, 0);
    const hash = new FileHash(one.file, bytes.length);

    expect(await hash.readTo(5_500_000)).toBe(5_500_000);
    await write(hash, bytes.subarray(5_500_000));
    expect(await hash.finish()).toBe(sha256);
    await hash.close();
  });

  it("tells where a beginning that should be longer ends", async () => {
    await using one = await openOne();
    await one.file.write(someBytes(2_000_000).bytes, 0, 1_300_000, 0);
    const hash = new FileHash(one.file, 2_000_000);
    expect(await hash.readTo(1_600_000)).toBe(1_300_000);
    await hash.close();
  });

  it("several at the same time are not mixed up", async () => {
    await using one = await openOne();
    await using two = await openOne();
    await using three = await openOne();
    const written = [one, two, three].map(async ({ file }, seed) => {
      const { bytes, sha256 } = someBytes(2_500_000 + seed, seed + 1);
      const hash = new FileHash(file, bytes.length);
      await write(hash, bytes, 100_000 + seed);
      expect(await hash.finish()).toBe(sha256);
      await hash.close();
    });
    await Promise.all(written);
  });

  it("gives the error of the disk, and can be closed", async () => {
    const full = await open("/dev/full", "r+");
    const hash = new FileHash(full, 3_000_000);
    await expect(write(hash, someBytes(3_000_000).bytes)).rejects.toMatchObject({ code: "ENOSPC" });
    await hash.close();
    await full.close();
  });
});

describe("a thread that breaks down", () => {
  it.for([600_000, 1_600_000])("after %i bytes leaves the file whole and its hash right", async (before) => {
    await using one = await openOne();
    await using other = await openOne();
    const { bytes, sha256 } = someBytes(4_000_000);
    const hash = new FileHash(one.file, bytes.length);
    // A second one at the same time: what is written by the thread itself, and what is written for it.
    const second = new FileHash(other.file, bytes.length);
    await write(hash, bytes.subarray(0, before));
    await write(second, bytes.subarray(0, before));
    expect(workers.length).toBeGreaterThan(0);
    for (const worker of workers.splice(0)) await worker.terminate();
    await write(hash, bytes.subarray(before));
    await write(second, bytes.subarray(before));

    for (const [each, path] of [
      [hash, one.path],
      [second, other.path],
    ] as const) {
      expect([each.size, await each.finish()]).toEqual([bytes.length, sha256]);
      expect(sha256Of(await readFile(path))).toBe(sha256);
      await each.close();
    }
  });
});
