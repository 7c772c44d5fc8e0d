/** `jam verify` finds what is wrong with the folders of channels, and `jam repair` restores them. */
import { readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RepairDocument } from "../../src/repair/repair-document.ts";
import type { VerifyDocument } from "../../src/verify/verify-document.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { folderTree, walkTree } from "../helpers/published.ts";
import { agedTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  const trees = await Promise.all([agedTree(["3.6.1", "3.6.2"], 2), agedTree(["3.6.2", "3.6.3"], 1)]);
  upstream = await startUpstream({ tree: trees[0] });
  mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror" }, prod: { from: "lab" } },
    retention: { maxRemoval: "100%" },
  });
  await mirror.sync();
  await done("channel", "promote", "lab", "--reason", "first");
  await done("channel", "promote", "prod", "--reason", "first");
  upstream.publish(trees[1]);
  await mirror.sync();
  await done("channel", "promote", "lab", "--reason", "second");
  await done("channel", "withdraw", "prod", "3.6.2", "--reason", "CVE");
  await done("channel", "create", "empty", "--from", "mirror");
  await done("channel", "create", "gone", "--from", "mirror");
  await done("channel", "promote", "gone", "--reason", "first");
  await done("channel", "delete", "gone", "--allow", "served");
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function done(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, stderr + stdout).toBe(0);
  return stdout;
}

async function agentsIn(folder: string): Promise<readonly string[]> {
  const { items, agents } = await walkTree(folderTree(join(mirror.data, folder)));
  for (const { path } of items) await folderTree(join(mirror.data, folder))(path);
  return agents;
}

/** What each address shows as a folder; tarballs are read. */
async function shown(): Promise<Record<string, readonly string[]>> {
  return {
    mirror: await agentsIn("tools"),
    lab: await agentsIn("channels/lab/tools"),
    prod: await agentsIn("channels/prod/tools"),
  };
}

const at = (...path: string[]) => join(mirror.data, ...path);
const remove = (...paths: string[]) =>
  Promise.all(paths.map((path) => rm(at(path), { recursive: true, force: true })));

/** Removes the trees of one channel. */
async function removeTrees(channel: string): Promise<void> {
  const own = (await readdir(at("published"))).filter((name) => name.includes(`~${channel}~`));
  await remove(...own.map((name) => `published/${name}`));
}

test.for<[name: string, damage: () => Promise<unknown>, where: string]>([
  ["the ref of a channel", () => remove("refs/lab"), "refs/lab"],
  ["the refs of all channels", () => remove("refs/lab", "refs/prod"), "refs/prod"],
  ["all refs", () => remove("refs"), "refs/lab"],
  ["the folders of channels", () => remove("channels"), "channels/lab/tools"],
  ["the folder of one channel", () => remove("channels/prod"), "channels/prod/tools"],
  ["all published trees", () => remove("published"), "refs/lab"],
  ["all published trees and what they share", () => remove("published", "pools"), "refs/prod"],
  [
    "a channel's ref, folder and trees",
    async () => {
      await removeTrees("prod");
      await remove("refs/prod", "channels/prod");
    },
    "refs/prod",
  ],
  [
    "refs, folders, trees and what they share, of all channels",
    async () => {
      await removeTrees("prod");
      await removeTrees("lab");
      await remove("refs/prod", "refs/lab", "channels");
    },
    "refs/lab",
  ],
  [
    "a file in the place of a channel's ref",
    async () => {
      await remove("refs/lab");
      await writeFile(at("refs/lab"), "lab");
    },
    "refs/lab",
  ],
  [
    "a channel's link that leads elsewhere",
    async () => {
      await remove("channels/lab/tools");
      await symlink("../../refs/prod/tools", at("channels/lab/tools"));
    },
    "channels/lab/tools",
  ],
])("repairs %s", async ([, damage, where]) => {
  const before = await shown();
  expect(before["prod"]).toEqual(["3.6.1-ubuntu-amd64"]);
  await damage();
  const found = JSON.parse((await mirror.here("verify", "-o", "json")).stdout) as VerifyDocument;
  expect(found.outcome).toBe("damaged");
  expect(found.findings.map((finding) => finding.where)).toContain(where);
  const { status, stdout, stderr } = await mirror.here("repair", "-o", "json");
  const document = JSON.parse(stdout) as RepairDocument;
  expect(status, stderr + stdout).toBe(0);
  expect(document.remaining.filter(({ severity }) => severity !== "note")).toEqual([]);
  expect(await shown()).toEqual(before);
  await done("verify");
  const { channels } = JSON.parse(await done("channel", "list", "-o", "json")) as {
    channels: { name: string; snapshot: string | null; fault: string | null }[];
  };
  expect(channels.map(({ name, fault }) => `${name} ${fault}`).sort()).toEqual([
    "empty null",
    "lab null",
    "prod null",
  ]);
});
