import { chmod, copyFile, mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceFile } from "../../../src/disk/durable-write.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { startActor } from "./actor.ts";

describe("writer's lease between processes", () => {
  it("names the process that holds it", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);

    const facts = { host: hostname(), pid: holder.process.pid, command: "jam sync" };
    await expect(store.lease.acquire("jam prune")).rejects.toMatchObject({
      code: "JAM_STORE_LOCKED",
      message: expect.stringContaining(
        `\`jam sync\` (process ${holder.process.pid} on ${hostname()}, since 2`,
      ),
      details: facts,
    });
    expect(await store.lease.holder()).toMatchObject(facts);
  });

  it("is free at once when its holder is killed", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);
    await holder.end("SIGKILL");

    expect(await store.lease.holder()).toBeUndefined();
    const lease = await store.lease.acquire("jam sync");
    expect(await store.lease.holder()).toMatchObject({ pid: process.pid });
    await lease.release();
  });

  it("stays with a holder that is stopped", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);
    holder.process.kill("SIGSTOP");

    await expect(store.lease.acquire("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_LOCKED" });
  });

  it("goes to exactly one of twelve that race for it", async () => {
    await using store = await temporaryStore();
    await using racers = new AsyncDisposableStack();
    const started = await Promise.all(Array.from({ length: 12 }, () => startActor("hold", store.path)));
    for (const racer of started) racers.use(racer);

    const outcomes = started.map(({ first }) => ("held" in first ? "held" : String(first["failed"])));
    expect(outcomes.toSorted((a, b) => a.localeCompare(b))).toEqual([
      "held",
      ...Array.from({ length: 11 }, () => "JAM_STORE_LOCKED"),
    ]);
  });

  it("is not refused because somebody asks who holds it", async () => {
    await using store = await temporaryStore();
    // What a killed holder leaves behind makes every question look at the lock.
    await writeFile(
      join(store.path, "lock.json"),
      JSON.stringify({ host: "h", pid: 1, command: "c", since: "2026-11-23T20:48:00Z" }),
    );
    const done = new AbortController();
    const asking = (async () => {
      while (!done.signal.aborted) await store.lease.holder();
    })();
    for (let turn = 0; turn < 50; turn += 1) await (await store.lease.acquire("jam sync")).release();
    done.abort();
    await asking;
  });

  it.for(["", "garbage", "{}", "x".repeat(5000)])(
    "is granted with a damaged lock file (case %#)",
    async (content) => {
      await using store = await temporaryStore();
      await writeFile(join(store.path, "lock.db"), content);
      await writeFile(join(store.path, "lock.json"), content);

      const lease = await store.lease.acquire("jam sync");
      await expect(store.lease.acquire("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_LOCKED" });
      await lease.release();
    },
  );

  it.for([
    ["removed", (lock: string) => rm(lock)],
    ["moved away", (lock: string) => rename(lock, `${lock}.bak`)],
    ["replaced by another file", (lock: string) => replaceFile(lock, Buffer.alloc(0))],
    ["replaced by a copy of itself", (lock: string) => copied(lock)],
    ["replaced by a folder", (lock: string) => rm(lock).then(() => mkdir(lock))],
    ["moved with its whole folder", (lock: string) => rename(dirname(lock), `${dirname(lock)}.moved`)],
  ] as const)("is lost when its file is %s", async ([, change]) => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, "data");
    const store = await openFsStore(data, { create: true });
    const lease = await store.lease.acquire("jam sync");

    await change(join(data, "lock.db"));

    await expect(store.documents.put("state", "a.json", Buffer.alloc(1))).rejects.toMatchObject({
      code: "JAM_STORE_LOCKED",
      message: expect.stringContaining("taken away"),
      hint: expect.stringContaining(join(data, "lock.db")),
    });
    expect(lease.lost.aborted).toBe(true);
    await lease.release();
  });

  it("stays while others look at its files, touch them and remove the note on who holds it", async () => {
    await using store = await temporaryStore();
    const lease = await store.lease.acquire("jam sync");
    await utimes(join(store.path, "lock.db"), 0, 0);
    await chmod(join(store.path, "lock.db"), 0o600);
    await rm(join(store.path, "lock.json"));
    await expect(store.lease.acquire("jam prune")).rejects.toMatchObject({ code: "JAM_STORE_LOCKED" });
    await store.documents.put("state", "a.json", Buffer.alloc(1));
    await lease.release();
    expect(lease.lost.aborted).toBe(false);
  });
});

async function copied(path: string): Promise<void> {
  await copyFile(path, `${path}.copy`);
  await rename(`${path}.copy`, path);
}
