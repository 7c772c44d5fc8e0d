/** Whatever Juju and its snap print as a version is taken by every command that asks for one. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["2.9.60", "3.6.0", "3.6.9", "3.6.11", "4.0.13"],
    arches: ["amd64"],
    streams: ["released"],
  });
  mirror = await temporaryMirror(upstream, { select: [{ stream: "released", versions: ">=2.9 <3.6.11" }] });
  await mirror.sync();
  const machine = { "juju-status": { current: "started", version: "3.6.9" }, "instance-id": "i" };
  const status = { model: { name: "m", controller: "c", version: "3.6.9" }, machines: { "0": machine } };
  await writeFile(join(mirror.folder, "status.json"), JSON.stringify({ ...status, applications: {} }));
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

describe("a client's own name and a tag stand for their version in", () => {
  test.for<[string, string]>([
    ["which 3.6.0-genericlinux-amd64", "upgrade 3.6.9"],
    ["which v3.6.0", "upgrade 3.6.9"],
    ["which 3.6.0 --to 3.6.9-ubuntu-amd64", "upgrade 3.6.9"],
    ["which --bootstrap --client 3.6.9-genericlinux-amd64", "bootstrap 3.6.9"],
    ["which --bootstrap --client 3.6.9 --juju 3.6/stable", "bootstrap 3.6.9"],
    [
      "which --migrate --from-controller 2.9.60-ubuntu-amd64 --to-controller 3.6.9-genericlinux-amd64",
      "migrate 3.6.9",
    ],
    ["plan --from 3.6.0-ubuntu-amd64 --to 3.6.9-genericlinux-amd64", "3.6.0"],
    ["plan --from 3.6.0 --to 3.6.9 --client 3.6.9-genericlinux-amd64", "3.6.9"],
    ["ready --from 3.6.0-genericlinux-amd64 --to v3.6.9", "Ready"],
    ["list 3.6.9-genericlinux-amd64", "3.6.9 "],
    ["list 3.6.9-ubuntu-amd64", "3.6.9 "],
    ["explain 3.6.9-genericlinux-amd64", "3.6.9-ubuntu-amd64: mirrored"],
    ["lookup 3.6.9-genericlinux-amd64", "3.6.9"],
    ["lookup --client 3.6.9-ubuntu-amd64", "3.6.9"],
    ["upgraded --to 3.6.9-ubuntu-amd64 status.json", "done"],
    ["graph --from 3.6.0-ubuntu-amd64", "3.6.9"],
  ])("jam %s", async ([words, expected]) => {
    const { status, stdout, stderr } = await mirror.jam(...words.split(" "));
    expect({ status, stderr: stderr.includes("error") }).toEqual({ status: 0, stderr: false });
    expect(stdout).toContain(expected);
  });
});

describe("a snap channel stands for the newest held of its track, and that is said, in", () => {
  test.for<[string, string]>([
    ["which 3.6.0 --to 3.6/stable", "upgrade 3.6.9"],
    ["which --bootstrap --client 3/stable", "bootstrap 3.6.9"],
    ["plan --from 3.6.0 --to 3.6/stable", "3.6.9"],
    ["ready --from 3.6.0 --to 3.6/candidate", "Ready"],
    ["list 3.6/stable", "3.6.9 "],
    ["explain 3.6/stable", "3.6.9-ubuntu-amd64: mirrored"],
    ["upgraded --to 3.6/stable status.json", "done"],
    ["graph --from 2.9/stable", "3.6.9"],
  ])("jam %s", async ([words, expected]) => {
    const { status, stdout, stderr } = await mirror.jam(...words.split(" "));
    expect(status).toBe(0);
    expect(stdout).toContain(expected);
    expect(`${stdout}${stderr}`).toMatch(
      /is a snap channel; the newest \S+ that is held, \S+, is taken for it/,
    );
  });

  test("the API", async () => {
    await using server = await startServe(mirror.folder);
    const response = await fetch(`${server.url}/api/v1/which?current=3.6.0-ubuntu-amd64&to=3.6/stable`);
    const answer = (await response.json()) as { version: string; warnings: { code: string }[] };
    expect(answer.version).toBe("3.6.9");
    expect(answer.warnings.map(({ code }) => code)).toContain("taken-as");
  });
});

test.for([
  ["which 5.0/stable", 5, "no 5.0 is held or was listed upstream"],
  ["which latest/stable", 2, "is not a Juju version"],
  ["plan --from 3.6/newest --to 3.6", 2, "is not a Juju version"],
  ["plan --from 3.6.0 --to 5/stable", 5, "no 5 is held"],
  ["upgraded --to 3.6 status.json", 2, "is a minor, not a version"],
  ["list 5.0/stable", 5, "no 5.0 is held"],
] as const)("jam %s ends with %i", async ([words, exit, message]) => {
  const { status, stderr } = await mirror.jam(...words.split(" "));
  expect(status).toBe(exit);
  expect(stderr).toContain(message);
});

test("before the first sync a channel in a plan means what upstream lists", async () => {
  await using fresh = await temporaryMirror(upstream);
  const { status, stdout, stderr } = await fresh.jam(
    "plan",
    "--from",
    "3.6.0",
    "--to",
    "3.6/stable",
    "-o",
    "json",
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ hops: [{ to: "3.6.11" }] });
  expect(stderr).toContain("the newest 3.6 that upstream lists is used for it");
});
