/** Wrong names, wrong places, limits of the system and Ctrl-C: each is named with the next step. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JAM_COMMAND, runProcess, TEST_CACHE } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;
beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["3.6.27"],
    arches: ["amd64"],
    oses: ["ubuntu"],
    tarballBytes: 60_000,
  });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
});
afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

test.for([
  [["channel", "create", "lab", "--from", "nirror"], 5, "JAM_CHANNEL_NOT_FOUND", /Did you mean mirror\?/],
  [["channel", "create", "lab", "--from", "lab"], 2, "JAM_CHANNEL_INVALID", /take from the mirror/],
  [["snapshot", "show", "curent"], 5, "JAM_SNAPSHOT_NOT_FOUND", /Did you mean current\?/],
  [["snapshot", "diff", "curent"], 5, "JAM_SNAPSHOT_NOT_FOUND", /Did you mean current\?/],
  [["repair", "--from", "."], 5, "JAM_BUNDLE_NOT_FOUND", /folder with blobs\/.*volumes of a bundle/],
] as const)("%j", async ([args, status, code, hint]) => {
  const before = await mirror.published();
  const finished = await mirror.here(...args, "-o", "json");
  const { error } = JSON.parse(finished.stdout) as { error: { code: string; hint: string } };
  expect([finished.status, error.code]).toEqual([status, code]);
  expect(error.hint).toMatch(hint);
  expect(await mirror.published()).toEqual(before);
});

test("a name that is too long is cut in the message, which says how long it may be", async () => {
  const { status, stderr } = await mirror.here("channel", "create", "a".repeat(300), "--from", "mirror");
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(/a…?" is not a valid channel name.*\n.*at most 100/),
  ]);
  expect(stderr).not.toContain("a".repeat(130));
});

test("a data directory that is not there is named by a list of nothing", async () => {
  const { status, stdout } = await mirror.here("snapshot", "list", "--data", "/no/such/folder");
  expect([status, stdout]).toEqual([0, expect.stringContaining("No snapshot in /no/such/folder yet")]);
});

test("current is also what the feeder of a channel shows", async () => {
  await mirror.here("channel", "create", "now", "--from", "mirror");
  const { status, stderr } = await mirror.here(
    "channel",
    "promote",
    "now",
    "--snapshot",
    "current",
    "--reason",
    "x",
  );
  expect([status, stderr]).toEqual([0, ""]);
});

test("a limit on the size of files is named as such", async () => {
  const command = [...JAM_COMMAND, "--data", "limited", "sync", "--progress", "none"].join(" ");
  const { status, stdout, stderr } = await runProcess("sh", ["-c", `ulimit -f 60; exec ${command}`], {
    cwd: mirror.folder,
    env: { XDG_CACHE_HOME: TEST_CACHE },
  });
  expect(status).not.toBe(0);
  expect(stdout + stderr).toContain("this user's limit allows (EFBIG)");
});

test("a verification that is cancelled says how it goes on", async () => {
  const [program, ...words] = JAM_COMMAND;
  const env = { PATH: process.env["PATH"], HOME: mirror.folder, XDG_CACHE_HOME: TEST_CACHE };
  const child = spawn(program, [...words, "verify", "--deep", "--limit-rate", "1KiB"], {
    cwd: mirror.folder,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (!stderr.includes("Verifying") && `${stderr}${text}`.includes("Verifying")) child.kill("SIGINT");
    stderr += text;
  });
  await once(child, "close");
  expect([child.exitCode, stderr]).toEqual([
    130,
    expect.stringMatching(/Cancelled.*\nnext: {2}Run the same command again/),
  ]);
});
