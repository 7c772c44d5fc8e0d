/** What --quiet leaves out, and what is told once although several things say it. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;
beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
});
afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

const inMirror = (name: string) => join(mirror.folder, name);

test("a command that did its work tells the next step, and not with --quiet", async () => {
  const commands: readonly string[][] = [
    ["init", "--dir", inMirror("site"), "-c", inMirror("site/jam.yaml")],
    ["key", "generate"],
    ["channel", "create", "lab", "--from", "mirror"],
    ["bundle", "create", "--to", inMirror("bundle")],
  ];
  for (const command of commands) {
    const { status, stdout, stderr } = await mirror.here(...command, "--quiet");
    expect([status, stdout === ""], stderr).toEqual([0, false]);
    expect(stdout + stderr).not.toContain("Next:");
  }
  const loud = await mirror.here("channel", "create", "loud", "--from", "mirror");
  expect(loud.stdout).toContain("Next: jam channel promote loud --reason REASON");
  const bundle = await mirror.here("bundle", "create", "--to", inMirror("loud"));
  expect(bundle.stdout).toMatch(/^Next: take all of/m);
});

test.for([["sync"], ["verify"], ["repair"], ["prune"], ["check"]])(
  "%s is silent with --quiet where all is well",
  async (args) => {
    // A first prune may find what the other tests left.
    await mirror.here("prune", "--force-removal");
    const { status, stdout, stderr } = await mirror.here(...args, "--quiet");
    expect([status, stdout, stderr]).toEqual([0, "", ""]);
  },
);

test("documents that wait for the same reason share a line for each attempt", async () => {
  await mirror.configure({
    upstreams: [{ name: "away", url: "http://127.0.0.1:1/", keyring: inMirror("key.asc") }],
    fetch: { retries: 2 },
  });
  const { status, stderr } = await mirror.here("sync", "--progress", "plain");
  expect(status).toBe(9);
  const waits = stderr.match(/^waiting .*attempt \d of 3/gm) ?? [];
  expect(waits).toHaveLength(2);
});
