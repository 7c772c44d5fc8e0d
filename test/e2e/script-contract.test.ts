/** What scripts rely on: the shape of each command's JSON, the first line of `jam serve`, and quiet success. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { JAM } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { itemPath, startUpstream } from "../helpers/upstream.ts";

const SIZE = expect.any(Number) as number;
const TEXT = expect.stringMatching(/./) as string;
const SHA256 = expect.stringMatching(/^[0-9a-f]{64}$/) as string;

async function jsonOf(
  mirror: TestMirror,
  ...args: string[]
): Promise<{ status: number | null; json: unknown }> {
  const { status, stdout } = await mirror.jam(...args, "-o", "json");
  return { status, json: JSON.parse(stdout) };
}

test("jam sync, --dry-run and list print the documents that scripts rely on", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream);
  const path = itemPath(upstream, "3.6.27");

  const planned = await jsonOf(mirror, "sync", "--dry-run");
  const fetch = { agent: "3.6.27-ubuntu-amd64", path, size: SIZE, sha256: SHA256, rule: TEXT };
  expect(planned).toMatchObject({
    status: 0,
    json: { plan: { fetch: [{}, fetch], remove: [], bytes: SIZE } },
  });

  upstream.fault(path, { kind: "status", status: 404 });
  const failed = [{ agent: "3.6.27-ubuntu-amd64", path, code: "JAM_UPSTREAM_NOT_FOUND", message: TEXT }];
  expect(await jsonOf(mirror, "sync")).toMatchObject({
    status: 3,
    json: { outcome: "partial", snapshot: TEXT, fetched: { agents: 1, bytes: SIZE }, failed, removed: [] },
  });

  upstream.clearFaults();
  expect(await jsonOf(mirror, "sync")).toMatchObject({
    status: 0,
    json: { outcome: "updated", fetched: { agents: 1 }, held: { agents: 2, bytes: SIZE }, failed: [] },
  });
  expect(await jsonOf(mirror, "list", "3.6.27")).toMatchObject({
    status: 0,
    json: {
      agents: [
        {
          version: "3.6.27",
          release: "ubuntu",
          arch: "amd64",
          streams: ["released"],
          path,
          size: SIZE,
          sha256: SHA256,
        },
      ],
    },
  });

  await mirror.configure({ deny: [{ version: "3.6.26" }] });
  expect(await jsonOf(mirror, "sync", "--dry-run")).toMatchObject({
    json: { plan: { fetch: [], remove: [{ agent: "3.6.26-ubuntu-amd64" }] } },
  });
  expect(await jsonOf(mirror, "sync")).toMatchObject({ json: { removed: ["3.6.26-ubuntu-amd64"] } });
  expect(await jsonOf(mirror, "sync", "--detailed-exitcode")).toMatchObject({
    status: 0,
    json: { outcome: "unchanged", fetched: { agents: 0, bytes: 0 }, held: { agents: 1 } },
  });
});

test("a first sync that brings nothing says so, and the mirror stays empty", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream);
  upstream.fault(/\.tgz$/, { kind: "status", status: 404 });
  const { status, stdout } = await mirror.jam("sync", "--quiet");
  expect(status).toBe(3);
  expect(stdout).toContain("Nothing was received from");
  expect(stdout).toContain("Nothing is published yet.");
  expect(await jsonOf(mirror, "sync")).toMatchObject({ status: 3, json: { snapshot: null } });
  expect(await jsonOf(mirror, "list")).toMatchObject({
    status: 5,
    json: { error: { code: "JAM_MIRROR_EMPTY" } },
  });
});

test.for([
  { args: ["sync", "--quite"], status: 2, code: "JAM_USAGE_INVALID" },
  { args: ["list"], status: 5, code: "JAM_MIRROR_EMPTY" },
  { args: ["explain", "9.9.9"], status: 5, code: "JAM_AGENT_NOT_FOUND" },
  { args: ["sync", "--keyring", "builtin"], status: 4, code: "JAM_METADATA_KEY_UNKNOWN" },
  { args: ["sync", "--upstream", "http://127.0.0.1:1/"], status: 9, code: "JAM_UPSTREAM_UNREACHABLE" },
])(
  "an error of jam $args is one document with code, message, hint and details",
  async ({ args, status, code }) => {
    await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
    await using mirror = await temporaryMirror(upstream);
    expect(await jsonOf(mirror, ...args)).toEqual({
      status,
      json: { error: { code, message: TEXT, hint: TEXT, details: expect.any(Object) as object } },
    });
  },
);

test.for(["table", "json", "yaml"])(
  "jam serve -o %s says its URL on its first line, and ends with 0 on SIGTERM",
  async (format) => {
    await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
    await using mirror = await temporaryMirror(upstream);
    const child = spawn(process.execPath, [JAM, "serve", "--listen", "127.0.0.1:0", "-o", format], {
      cwd: mirror.folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = once(child, "exit");
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${line}/healthz`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  },
);

test("a mirror in offline mode checks out well, asks nobody, and refuses to sync with 7", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream, { mode: "offline" });
  const checked = await jsonOf(mirror, "check");
  expect(checked).toMatchObject({ status: 0, json: { ok: true } });
  expect(checked.json).toMatchObject({
    checks: expect.arrayContaining([
      { check: "upstream", state: "ok", detail: "offline mode: no upstream is contacted" },
    ]) as object[],
  });
  expect(await jsonOf(mirror, "sync")).toMatchObject({ status: 7, json: { error: { code: "JAM_OFFLINE" } } });
  expect(upstream.requests).toEqual([]);
});

test("jam status --runs shows as many runs as it is asked for", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream);
  for (let run = 0; run < 3; run += 1) expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
  for (const runs of [0, 1, 2, 3]) {
    const { json } = await jsonOf(mirror, "status", "--runs", String(runs));
    expect((json as { runs: object[] }).runs).toHaveLength(runs);
  }
});
