/** `mode: offline` at the system calls: nothing is connected to, looked up or sent, whatever is requested or run. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { flipByteQuietly, makeWritable } from "../helpers/damage-file.ts";
import { startCacheSite } from "../helpers/cache-server.ts";
import { peer } from "../helpers/peers.ts";
import { startServe } from "../helpers/running-jam.ts";
import { itemPath } from "../helpers/upstream.ts";

const strace = peer("strace");

/** Starts a program whose calls that reach out are written to a file. */
const watched = (file: string, ...flags: string[]) => [
  "strace",
  ...flags,
  "-f",
  "-qq",
  "--seccomp-bpf",
  "-o",
  file,
  "-e",
  "trace=connect,sendto,sendmsg,sendmmsg",
];

/** Calls with an address of the network. A socket of this machine (AF_UNIX), as for the name of a user, does not leave it. */
async function reachingOut(file: string): Promise<string[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.filter((line) => /AF_INET6?\b/.test(line));
}

describe.skipIf(strace.isMissing)(`offline mode${strace.note}`, () => {
  test("a server that was a cache with an offer makes no call, and no command does", async () => {
    await using site = await startCacheSite({
      settings: {
        select: [{ stream: "released", versions: "3.6.27", fetch: "onSync" }, { stream: "released" }],
      },
      before: async (mirror) => expect((await mirror.jam("sync")).status).toBe(0),
    });
    const { mirror, upstream } = site;
    const [held, away] = ["3.6.27", "4.0.15"].map((version) => itemPath(upstream, version));
    await site.server()[Symbol.asyncDispose]();
    // The name has to be looked up first.
    const named = { name: "sample", url: "http://mirror.invalid/juju/tools", keyring: "key.asc" };
    await mirror.configure({ mode: "offline", upstreams: [named] });
    const trace = join(mirror.folder, "trace");
    const calls: string[] = [];

    // The server is the process itself, and gets its signals.
    await using server = await startServe(mirror.folder, watched(trace, "-D"));
    const get = async (path: string) => {
      const answer = await fetch(`${server.url}/${path}`);
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await get(`tools/${held}`)).toBe(200);
    const sha256 = upstream.tree.items.get(held ?? "")?.sha256 ?? "";
    const blob = join(mirror.data, "blobs/sha256", sha256.slice(0, 2), sha256);
    await makeWritable(blob);
    await flipByteQuietly(blob, 100);
    expect(await get(`tools/${held}`)).toBe(503);
    for (const path of [
      `tools/${away}`,
      `upstream/tools/${away}`,
      "upstream/tools/streams/v1/index2.sjson",
      "channel/none/tools/streams/v1/index2.json",
      "api/v1/which?current=3.6.26",
      "api/v1/explain?agent=4.0.15",
      "api/v1/status",
      "readyz",
      "metrics",
      "status",
    ])
      expect(await get(path)).toBeLessThan(600);
    await sleep(1_500);
    calls.push(...(await reachingOut(trace)));

    const commands = [
      ["sync"],
      ["check"],
      ["warm", "4.0.15"],
      ["repair"],
      ["explain", "4.0.15"],
      ["ready", "--from", "3.6.27", "--to", "4.0.15"],
    ];
    for (const args of commands) {
      const { status } = await mirror.start(args, { wrapper: watched(trace) }).finished;
      expect([args, typeof status]).toEqual([args, "number"]);
      calls.push(...(await reachingOut(trace)));
    }
    expect(calls).toEqual([]);
  });

  test("the same watch sees what an online mirror does", async () => {
    await using site = await startCacheSite();
    const trace = join(site.mirror.folder, "trace");
    await site.mirror.start(["check"], { wrapper: watched(trace) }).finished;
    expect(await reachingOut(trace)).not.toEqual([]);
  });
});
