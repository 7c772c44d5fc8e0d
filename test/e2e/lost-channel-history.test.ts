/** A channel whose history is gone or put aside: what was held and withdrawn is not known, and that is never taken for "nothing". */
import { execFileSync } from "node:child_process";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RepairDocument } from "../../src/repair/repair-document.ts";
import type { VerifyDocument } from "../../src/verify/verify-document.ts";
import { FILE_DAMAGES } from "../helpers/golden-mirror.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { folderTree, walkTree } from "../helpers/published.ts";
import { agedTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const FILE = "state/channel-history-lab.json";
const LOST = "The history of the channel lab is lost";
const older = await agedTree(["3.6.1"], 3);
const newer = await agedTree(["3.6.1", "3.6.2"], 2);

let upstream: TestUpstream;
let mirror: TestMirror;

/** 3.6.2 is in the lab, and held there: it goes to production by itself as soon as that is not known. */
beforeEach(async () => {
  upstream = await startUpstream({ tree: older });
  mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror" }, prod: { from: "lab", promote: "auto" } },
  });
  await mirror.sync();
  await done("channel", "promote", "lab", "--reason", "first");
  await mirror.sync();
  upstream.publish(newer);
  await mirror.sync();
  await done("channel", "promote", "lab", "--reason", "second");
  await done("channel", "hold", "lab", "3.6.2", "--reason", "LP#1");
  await mirror.sync();
});
afterEach(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function done(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const ended = await mirror.here(...args);
  expect(ended.status, ended.stderr + ended.stdout).toBe(0);
  return ended;
}

async function refused(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
  expect(stderr).toContain("JAM_STORE_CORRUPT");
  return stderr;
}

const shownIn = async (channel: string) =>
  (await walkTree(folderTree(join(mirror.data, "channels", channel, "tools")))).agents;

async function findings(): Promise<string[]> {
  const { stdout } = await mirror.here("verify", "-o", "json");
  return (JSON.parse(stdout) as VerifyDocument).findings.map(({ kind, where }) => `${kind} ${where}`);
}

/** What `jam check` says of channels. */
async function checked(): Promise<string[]> {
  const { stdout } = await mirror.here("check", "-o", "json");
  const { checks } = JSON.parse(stdout) as { checks: { check: string; state: string; detail: string }[] };
  return checks.flatMap(({ check, state, detail }) => (check === "channels" ? [`${state}: ${detail}`] : []));
}

/** What is true until somebody says again what is held. */
async function expectStandstill(): Promise<void> {
  expect(await checked()).toEqual([expect.stringMatching(`^fail: ${LOST}.*JAM_STORE_CORRUPT`)]);
  expect(await findings()).toEqual([`channel-history-missing ${FILE}`]);
  expect((await done("channel", "list")).stdout).toContain(LOST);
  for (const args of [[], ["--at", "2030-01-01"]])
    expect(await refused("channel", "history", "lab", ...args)).toContain(`Restore ${FILE} from a backup`);
  const sync = await mirror.here("sync");
  expect([sync.status, sync.stderr]).toEqual([0, expect.stringContaining(`channel prod: ${LOST}`)]);
  expect(await shownIn("prod")).toEqual(["3.6.1-ubuntu-amd64"]);
}

test("a history that is gone is damage; nothing is promoted by itself until what is held was said again", async () => {
  await rm(join(mirror.data, FILE));
  await expectStandstill();
  expect((await done("channel", "diff", "prod")).stderr).toContain(LOST);

  await done("channel", "hold", "lab", "3.6.2", "--reason", "LP#1, again");
  expect(await findings()).toEqual([]);
  expect((await done("sync")).stderr).not.toContain(LOST);
  expect(await shownIn("prod")).toEqual(["3.6.1-ubuntu-amd64"]);
  await done("channel", "release", "lab", "3.6.2", "--reason", "fixed");
  await done("sync");
  expect(await shownIn("prod")).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
});

test("the history of the channel that is promoted to counts, too", async () => {
  await rm(join(mirror.data, "state/channel-history-prod.json"));
  await done("channel", "release", "lab", "3.6.2", "--reason", "fixed");
  const { stderr } = await done("sync");
  expect(stderr).toContain("channel prod: The history of the channel prod is lost");
  expect(await shownIn("prod")).toEqual(["3.6.1-ubuntu-amd64"]);
  // Who promotes by hand is told, and begins a new history.
  const promoted = await done("channel", "promote", "prod", "--reason", "looked at it");
  expect(promoted.stderr).toContain("The history of the channel prod is lost");
  expect(await findings()).toEqual([]);
});

test("a repair puts a damaged history aside, does not call that repaired, and a backup brings it back", async () => {
  const file = join(mirror.data, FILE);
  const backup = join(mirror.folder, "backup.json");
  await copyFile(file, backup);
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("LP#1", "LP#2"));
  expect(await findings()).toEqual([`state-damaged ${FILE}`]);
  expect(await checked()).toEqual([expect.stringMatching("^fail: The history of a channel.*cannot be read")]);
  const { status, stdout } = await mirror.here("repair", "-o", "json");
  const { outcome, remaining } = JSON.parse(stdout) as RepairDocument;
  expect([status, outcome, remaining.map(({ kind }) => kind)]).toEqual([
    3,
    "partial",
    ["channel-history-missing"],
  ]);
  await expectStandstill();
  await copyFile(backup, file);
  await done("verify");
  expect(await checked()).toEqual([]);
  await done("channel", "history", "lab", "--at", "2030-01-01");
});

test("a history that does not lead to what is shown proves nothing", async () => {
  await copyFile(join(mirror.data, "state/channel-history-prod.json"), join(mirror.data, FILE));
  expect(await refused("channel", "history", "lab", "--at", "2030-01-01")).toContain("its history says");
  expect(await shownIn("lab")).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
});

test("whatever is wrong with the file of a history, it is found and named, and never called repaired without one", async () => {
  const whole = join(mirror.folder, "whole");
  execFileSync("cp", ["-a", mirror.data, whole]);
  for (const [name, damage] of Object.entries(FILE_DAMAGES)) {
    await rm(mirror.data, { recursive: true });
    execFileSync("cp", ["-a", whole, mirror.data]);
    await damage(join(mirror.data, FILE), join(mirror.data, "format"));
    const found = await mirror.here("verify", "-o", "json");
    const { findings: all } = JSON.parse(found.stdout) as VerifyDocument;
    const named = all.filter(({ where, severity }) => where === FILE && severity === "damage");
    expect([name, found.status, named.length > 0]).toEqual([name, 4, true]);
    const { status, stdout } = await mirror.here("repair", "-o", "json");
    const { remaining } = JSON.parse(stdout) as RepairDocument;
    const isOfMode = /others|nobody|everybody/.test(name);
    expect([
      name,
      status,
      remaining.filter(({ severity }) => severity !== "note").map(({ kind }) => kind),
    ]).toEqual([name, isOfMode ? 0 : 3, isOfMode ? [] : ["channel-history-missing"]]);
  }
});
