import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { startActor } from "./actor.ts";

describe("writer's lease between processes", () => {
  it("names the process that holds it", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);

    const facts = { host: hostname(), pid: holder.process.pid, command: "jam sync" };
    await expect(store.acquireWriter("jam prune")).rejects.toMatchObject({
      code: "JAM_STORE_LOCKED",
      message: expect.stringContaining(
        `\`jam sync\` (process ${holder.process.pid} on ${hostname()}, since 2`,
      ),
      details: facts,
    });
    expect(await store.currentWriter()).toMatchObject(facts);
  });

  it("is free at once when its holder is killed", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);
    await holder.end("SIGKILL");

    expect(await store.currentWriter()).toBeUndefined();
    const lease = await store.acquireWriter("jam sync");
    expect(await store.currentWriter()).toMatchObject({ pid: process.pid });
    await lease.release();
  });

  it("stays with a holder that is stopped", async () => {
    await using store = await temporaryStore();
    await using holder = await startActor("hold", store.path);
    holder.process.kill("SIGSTOP");

    await expect(store.acquireWriter("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_LOCKED" });
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
      while (!done.signal.aborted) await store.currentWriter();
    })();
    for (let turn = 0; turn < 50; turn += 1) await (await store.acquireWriter("jam sync")).release();
    done.abort();
    await asking;
  });

  it.for(["", "garbage", "{}", "x".repeat(5000)])(
    "is granted with a damaged lock file (case %#)",
    async (content) => {
      await using store = await temporaryStore();
      await writeFile(join(store.path, "lock.db"), content);
      await writeFile(join(store.path, "lock.json"), content);

      const lease = await store.acquireWriter("jam sync");
      await expect(store.acquireWriter("jam sync")).rejects.toMatchObject({ code: "JAM_STORE_LOCKED" });
      await lease.release();
    },
  );
});
