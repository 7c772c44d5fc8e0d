import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { partialPaths } from "../../../src/store/layout.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { inChunks, putBlob, someBytes } from "../../helpers/store-content.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { peer } from "../../helpers/peers.ts";
import { byTier } from "../../helpers/tier.ts";
import { runActor } from "./actor.ts";

const strace = peer("strace");
/** From one system call that is tried to the next. */
const STEP = byTier({ quick: 3, all: 1 });

describe("after a crash", () => {
  it("recovery removes what is unfinished and leaves foreign files alone", async () => {
    await using store = await temporaryStore();
    const blob = await putBlob(store.blobs, 100);
    const unfinished = ["published/.tmp-1/tools/streams", "published/.tmp-2"];
    for (const folder of unfinished) await mkdir(join(store.path, folder), { recursive: true });
    const useless = partialPaths(blob.sha256, "run");
    const orphan = partialPaths(someBytes(10, 3).sha256, "run");
    const empty = partialPaths(someBytes(10, 4).sha256, "run");
    const removed = [
      "snapshots/.tmp-3",
      "refs/.tmp-4",
      ".tmp-5",
      useless.bytes,
      useless.source,
      orphan.source,
    ];
    const kept = ["partial/README", "state/notes.txt", "published/.keep", `partial/${"0".repeat(63)}.part`];
    for (const file of [...removed, ...kept]) await writeFile(join(store.path, file), "x");
    await writeFile(join(store.path, empty.bytes), "");

    await (await store.lease.acquire("jam prune")).release();
    await (await store.lease.acquire("jam prune")).release();

    const names = readdirSync(store.path, { recursive: true, encoding: "utf8" });
    expect(names).toEqual(expect.arrayContaining(kept));
    expect(
      names.filter((name) => removed.includes(name) || name.includes(".tmp-") || name === empty.bytes),
    ).toEqual([]);
  });

  it("recovery keeps every byte of a download that was cut off, and what names its source", async () => {
    await using store = await temporaryStore();
    const { bytes, sha256 } = someBytes(1_000_000);
    const first = await store.blobs.stage(sha256);
    await first.restart('"v1"');
    await expect(first.append(inChunks(bytes, { failAfter: 700_001 }), bytes.length)).rejects.toThrow();
    expect(first.received).toBe(700_001);
    await first.close();

    await (await store.lease.acquire("jam sync")).release();

    const second = await store.blobs.stage(sha256);
    expect(second).toMatchObject({ sha256, received: 700_001, validator: '"v1"' });
    await second.close();
  });

  it("a tree that was not finished does not count, and can be built again", async () => {
    await using store = await temporaryStore();
    await mkdir(join(store.path, "published/.tmp-1/tools"), { recursive: true });

    expect(await store.trees.list()).toEqual([]);
    await store.trees.build("one", []);
    expect(await store.trees.list()).toEqual(["one"]);
  });

  // strace counts each system call by itself, so each has a sweep of its own.
  describe.skipIf(strace.isMissing)(`killed at any moment${strace.note}`, () => {
    it.for(["rename", "fsync", "link", "symlink", "unlink", "fchmod", "pwrite64"])(
      "shows the old tree or the new one, whole, and publishes the next time (every %s)",
      { timeout: 120_000 },
      async (call) => {
        await using before = await temporaryStore();
        await runActor("publish", before.path);
        for (let nth = 1; ; nth += STEP) {
          await using store = await temporaryStore();
          copyStore(before.path, store.path);

          const result = await runActor("publish", store.path, inject(call, "signal=SIGKILL", nth));

          const shown = wholeTree(store.path);
          if (result !== undefined) {
            expect(result).toEqual({ published: "new" });
            expect(nth).toBeGreaterThan(1);
            break;
          }
          expect(await runActor("publish", store.path)).toEqual({
            published: shown === "old" ? "new" : "old",
          });
          expect(leftovers(store.path)).toEqual([]);
        }
      },
    );
  });

  describe.skipIf(strace.isMissing)(`refused by the system once${strace.note}`, () => {
    it.for([
      ["fsync", "EIO", "JAM_STORE_IO"],
      ["pwrite64", "ENOSPC", "JAM_STORE_NO_SPACE"],
      ["rename", "EROFS", "JAM_STORE_PERMISSION"],
    ] as const)(
      "fails by name, keeps a whole tree, and publishes the next time (every %s, %s)",
      { timeout: 120_000 },
      async ([call, error, code]) => {
        await using before = await temporaryStore();
        await runActor("publish", before.path);
        for (let nth = 1; ; nth += STEP) {
          await using store = await temporaryStore();
          copyStore(before.path, store.path);

          const result = await runActor("publish", store.path, inject(call, `error=${error}`, nth));

          const shown = wholeTree(store.path);
          if (result?.["published"] === "new") break;
          expect(result).toEqual({ failed: code });
          expect(await runActor("publish", store.path)).toEqual({
            published: shown === "old" ? "new" : "old",
          });
          expect(leftovers(store.path)).toEqual([]);
        }
      },
    );

    it("copies a tarball that has as many names as the file system allows", async () => {
      await using store = await temporaryStore();
      expect(await runActor("publish", store.path, inject("link", "error=EMLINK", 1))).toEqual({
        published: "old",
      });
      expect(wholeTree(store.path)).toBe("old");
    });
  });
});

function copyStore(from: string, to: string): void {
  rmSync(to, { recursive: true });
  execFileSync("cp", ["-a", from, to]);
}

/** The command that runs another one whose `nth` system call of that name meets `fault`. */
function inject(call: string, fault: string, nth: number): string[] {
  return [
    "strace",
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:${fault}:when=${nth}`,
  ];
}

/** The id that the published face shows, after a look at everything that it lists. */
function wholeTree(dataDir: string): "old" | "new" {
  const tools = join(dataDir, "tools");
  const { id, sha256 } = JSON.parse(readFileSync(join(tools, "streams/v1/index2.json"), "utf8")) as Record<
    string,
    string
  >;
  expect(sha256Of(readFileSync(join(tools, `agent/${id}.tgz`)))).toBe(sha256);
  return id === "new" ? "new" : "old";
}

function leftovers(dataDir: string): string[] {
  const names = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.includes(".tmp-") || name.startsWith("partial/"));
}
