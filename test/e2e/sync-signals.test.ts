import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryMirror } from "../helpers/mirror.ts";
import { itemPath, startUpstream } from "../helpers/upstream.ts";

/** The store writes a quarter of a mebibyte at a time; the connection stalls after more than one of them. */
const STALL_AT = 600_000;

/** Bytes of the download that is under way. */
function partialBytes(data: string): number {
  const folder = join(data, "partial");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".part")) : [];
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

test.for(["SIGTERM", "SIGINT"] as const)(
  "ends with 130 on %s, keeps what came, and goes on there the next time",
  async (signal) => {
    await using upstream = await startUpstream({
      releases: ["3.6.27"],
      arches: ["amd64"],
      tarballBytes: 900_000,
    });
    const path = itemPath(upstream, "3.6.27");
    upstream.fault(path, { kind: "stall", at: STALL_AT, times: 1 });
    await using mirror = await temporaryMirror(upstream);
    const running = mirror.start(["sync"]);
    while (partialBytes(mirror.data) === 0) await pause(20);
    running.kill(signal);
    const first = await running.finished;
    expect(first).toMatchObject({ status: 130, signal: null });
    expect(first.stderr).toContain("Cancelled");
    const kept = partialBytes(mirror.data);
    expect(kept).toBeGreaterThan(0);

    upstream.clearRequests();
    const second = await mirror.jam("sync", "-o", "json");
    expect(second.status).toBe(0);
    expect(upstream.requests).toContain(`GET ${path} bytes=${kept}-`);
    expect((await mirror.published()).agents).toEqual(["3.6.27-ubuntu-amd64"]);
  },
);
