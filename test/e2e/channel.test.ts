/** The life of channels: create, promote, roll back, hold, withdraw; by URL and as a folder. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalJson } from "../../src/shared/canonical-json.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import type { ChannelMove } from "../../src/channel/channel-documents.ts";
import type { ChannelEntry } from "../../src/channel/history-document.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { agedTree, startUpstream, type SampleTree } from "../helpers/upstream.ts";

const PATH = (version: string) => `agent/${version}/juju-${version}-linux-amd64.tgz`;

let trees: SampleTree[];

beforeAll(async () => {
  trees = await Promise.all([
    agedTree(["3.6.1"], 3),
    agedTree(["3.6.1", "3.6.2"], 2),
    agedTree(["3.6.2", "3.6.3"], 1),
  ]);
});
afterAll(() => undefined);

async function done(mirror: TestMirror, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, stderr + stdout).toBe(0);
  return stdout;
}

async function refused(mirror: TestMirror, ...args: string[]) {
  const { status, stdout } = await mirror.here(...args, "-o", "json");
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
  return { status, ...error };
}

async function promote(mirror: TestMirror, ...args: string[]): Promise<ChannelMove> {
  return JSON.parse(
    await done(mirror, "channel", "promote", ...args, "--reason", "test", "-o", "json"),
  ) as ChannelMove;
}

async function historyOf(mirror: TestMirror, name: string): Promise<ChannelEntry[]> {
  const text = await done(mirror, "channel", "history", name, "-o", "json");
  return (JSON.parse(text) as { history: ChannelEntry[] }).history;
}

/** Versions that the folder of a channel shows, read as Juju reads it: index, then the product file that it names. */
async function listed(read: (path: string) => Promise<string>): Promise<string[]> {
  const index = JSON.parse(await read("streams/v1/index2.json")) as {
    index: Record<string, { path: string }>;
  };
  const versions = new Set<string>();
  for (const { path } of Object.values(index.index)) {
    for (const [version] of (await read(path)).matchAll(/"version":\s*"[^"]+"/g)) {
      versions.add(version.split('"')[3] ?? "");
    }
  }
  return [...versions].sort();
}

const inFolder = (mirror: TestMirror, name: string) => (path: string) =>
  readFile(join(mirror.data, "channels", name, "tools", path), "utf8");

const atUrl = (url: string, name: string) => async (path: string) => {
  const answer = await fetch(`${url}/channel/${name}/tools/${path}`);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
};

test("a channel shows exactly what was promoted, by URL and as a folder, through rollback, hold and withdrawal", async () => {
  await using upstream = await startUpstream({ tree: trees[0] as SampleTree });
  await using mirror = await temporaryMirror(upstream, {
    channels: { prod: { from: "lab" } },
    retention: { maxRemoval: "100%" },
  });
  await mirror.sync();
  await done(mirror, "channel", "create", "lab", "--from", "mirror");
  await using server = await startServe(mirror.folder);
  expect((await fetch(`${server.url}/channel/lab/tools/streams/v1/index2.json`)).status).toBe(404);

  const first = await promote(mirror, "lab");
  expect(first).toMatchObject({
    outcome: "promoted",
    from: null,
    feeder: "mirror",
    added: ["3.6.1-ubuntu-amd64"],
  });
  await promote(mirror, "prod");
  upstream.publish(trees[1] as SampleTree);
  await mirror.sync();
  // What the mirror gets is not the channel's.
  expect(await listed(atUrl(server.url, "lab"))).toEqual(["3.6.1"]);
  expect((await fetch(`${server.url}/channel/lab/tools/${PATH("3.6.2")}`)).status).toBe(404);
  expect((await fetch(`${server.url}/tools/${PATH("3.6.2")}`)).status).toBe(200);

  const second = await promote(mirror, "lab");
  expect(second).toMatchObject({ outcome: "promoted", added: ["3.6.2-ubuntu-amd64"], removed: [] });
  expect(await promote(mirror, "lab")).toMatchObject({ outcome: "unchanged", to: second.to });
  for (const read of [inFolder(mirror, "lab"), atUrl(server.url, "lab")])
    expect(await listed(read)).toEqual(["3.6.1", "3.6.2"]);
  for (const read of [inFolder(mirror, "prod"), atUrl(server.url, "prod")])
    expect(await listed(read)).toEqual(["3.6.1"]);

  // A held version goes no further and stays where it is.
  await done(mirror, "channel", "hold", "lab", "3.6.2", "--reason", "LP#1");
  const held = await mirror.here("channel", "promote", "prod", "--reason", "try", "-o", "json");
  expect(JSON.parse(held.stdout)).toMatchObject({
    outcome: "unchanged",
    keptBack: [{ agent: "3.6.2-ubuntu-amd64", why: "held", detail: "on hold in lab: LP#1" }],
  });
  expect(await listed(inFolder(mirror, "lab"))).toEqual(["3.6.1", "3.6.2"]);
  await done(mirror, "channel", "release", "lab", "3.6.2", "--reason", "LP#1 is fixed");
  expect((await promote(mirror, "prod")).added).toEqual(["3.6.2-ubuntu-amd64"]);

  await done(mirror, "channel", "rollback", "prod", "--reason", "oops");
  for (const read of [inFolder(mirror, "prod"), atUrl(server.url, "prod")])
    expect(await listed(read)).toEqual(["3.6.1"]);
  // Whoever has read the index before can still fetch what it named.
  expect((await fetch(`${server.url}/channel/prod/tools/${PATH("3.6.2")}`)).status).toBe(200);
  await promote(mirror, "prod");

  await done(mirror, "channel", "withdraw", "prod", "3.6.2", "--reason", "CVE");
  for (const read of [inFolder(mirror, "prod"), atUrl(server.url, "prod")])
    expect(await listed(read)).toEqual(["3.6.1"]);
  expect((await fetch(`${server.url}/channel/prod/tools/${PATH("3.6.2")}`)).status).toBe(404);
  await expect(readFile(join(mirror.data, "channels/prod/tools", PATH("3.6.2")))).rejects.toThrow("ENOENT");
  for (const face of ["tools", "channel/lab/tools"])
    expect((await fetch(`${server.url}/${face}/${PATH("3.6.2")}`)).status).toBe(200);
  // What the channel keeps for clients of its earlier snapshots is without the version, and nothing is wrong with that.
  await done(mirror, "verify");
  expect(await promote(mirror, "prod")).toMatchObject({
    outcome: "unchanged",
    keptBack: [{ why: "withdrawn" }],
  });

  // A tree that is built again does not bring it back, and a sync leaves channels alone.
  upstream.publish(trees[2] as SampleTree);
  await mirror.sync();
  await done(mirror, "prune");
  expect(await listed(inFolder(mirror, "prod"))).toEqual(["3.6.1"]);
  expect(await listed(atUrl(server.url, "lab"))).toEqual(["3.6.1", "3.6.2"]);
  expect((await fetch(`${server.url}/channel/prod/tools/${PATH("3.6.1")}`)).status).toBe(200);

  const history = await historyOf(mirror, "prod");
  expect(history.map(({ action }) => action)).toEqual([
    "promote",
    "promote",
    "rollback",
    "promote",
    "withdraw",
  ]);
  expect(history.map(({ previous }) => previous)).toEqual([
    null,
    ...history.slice(0, -1).map((entry) => sha256Of(canonicalJson(entry))),
  ]);

  const ask = async (query: string) => {
    const answer = await fetch(`${server.url}/api/v1/${query}`);
    return { status: answer.status, text: await answer.text() };
  };
  expect((await ask("agents?channel=prod")).text).not.toContain("3.6.2");
  expect((await ask("agents?channel=lab")).text).toContain("3.6.2");
  expect(await ask("agents?channel=lbb")).toMatchObject({
    status: 404,
    text: expect.stringContaining("Did you mean lab?"),
  });
  expect((await ask("channels")).text).toMatch(
    /"name":"prod"[^]*"withdrawn":\[{"version":"3.6.2","reason":"CVE","who":""/,
  );
  expect(await (await fetch(`${server.url}/`)).text()).toContain("/channel/prod/tools");

  expect(await refused(mirror, "channel", "delete", "lab")).toMatchObject({
    status: 2,
    code: "JAM_CHANNEL_IN_USE",
  });
  await mirror.configure({ channels: {} });
  expect(await refused(mirror, "channel", "delete", "prod")).toMatchObject({
    message: expect.stringContaining("served"),
  });
  await done(mirror, "channel", "delete", "prod", "--allow", "served", "--reason", "closed");
  const gone = await fetch(`${server.url}/channel/prod/tools/streams/v1/index2.json`);
  expect([gone.status, await gone.text()]).toEqual([404, expect.stringContaining("JAM_CHANNEL_NOT_FOUND")]);
  expect((await historyOf(mirror, "prod")).at(-1)).toMatchObject({
    action: "delete",
    reason: "closed",
    to: null,
  });
});

test("bad input is refused, named and changes nothing", async () => {
  await using upstream = await startUpstream({ tree: trees[1] as SampleTree });
  await using mirror = await temporaryMirror(upstream);
  expect(await refused(mirror, "channel", "promote", "lab", "--reason", "x")).toMatchObject({
    status: 5,
    code: "JAM_MIRROR_EMPTY",
  });
  await done(mirror, "channel", "create", "lab", "--from", "mirror");
  expect(await refused(mirror, "channel", "promote", "lab", "--reason", "x")).toMatchObject({
    code: "JAM_MIRROR_EMPTY",
  });
  await mirror.sync();
  for (const [args, expected] of [
    [["create", "lab", "--from", "mirror"], { status: 2, code: "JAM_CHANNEL_EXISTS" }],
    [["create", "mirror", "--from", "mirror"], { status: 2, code: "JAM_CHANNEL_INVALID" }],
    [["create", "../x", "--from", "mirror"], { status: 2, code: "JAM_USAGE_INVALID" }],
    [["create", "prod", "--from", "lba"], { status: 5, hint: expect.stringContaining("lab") }],
    [["show", "lbb"], { status: 5, hint: expect.stringContaining("Did you mean lab?") }],
    [["promote", "lab", "--reason", " "], { status: 2, code: "JAM_USAGE_INVALID" }],
    [["promote", "lab"], { status: 2, code: "JAM_USAGE_INVALID" }],
    [
      ["promote", "lab", "--snapshot", "2019", "--reason", "x"],
      { status: 5, code: "JAM_SNAPSHOT_NOT_FOUND" },
    ],
    [["rollback", "lab", "--reason", "x"], { status: 5, code: "JAM_CHANNEL_EMPTY" }],
    [["withdraw", "lab", "3.6.1", "--reason", "x"], { status: 5, code: "JAM_CHANNEL_EMPTY" }],
    [["release", "lab", "3.6.1", "--reason", "x"], { status: 5, code: "JAM_AGENT_NOT_FOUND" }],
    [["hold", "lab", "x.y", "--reason", "x"], { status: 2, code: "JAM_VERSION_INVALID" }],
    [["history", "lbb"], { status: 5, hint: expect.stringContaining("lab") }],
  ] as const) {
    expect(await refused(mirror, "channel", ...args), args.join(" ")).toMatchObject(expected);
  }
  await promote(mirror, "lab");
  expect(await refused(mirror, "channel", "rollback", "lab", "--reason", "x")).toMatchObject({
    code: "JAM_SNAPSHOT_NOT_FOUND",
  });
  expect(await refused(mirror, "channel", "withdraw", "lab", "3.6.4", "--reason", "x")).toMatchObject({
    code: "JAM_AGENT_NOT_FOUND",
    hint: expect.stringContaining("3.6.1"),
  });
  expect(await refused(mirror, "channel", "promote", "labb", "--reason", "x")).toMatchObject({
    status: 5,
    code: "JAM_CHANNEL_NOT_FOUND",
    hint: expect.stringContaining("Did you mean lab?"),
  });
  await mirror.configure({ channels: { a: { from: "b" }, b: { from: "a" } } });
  expect(await refused(mirror, "channel", "list")).toMatchObject({
    code: "JAM_CONFIG_INVALID",
    message: expect.stringContaining("a from b from a"),
  });
  // A mistake in one channel leaves the others usable.
  await mirror.configure({
    channels: { prod: { from: "labb" }, lab: { from: "rest" }, rest: { from: "mirror" } },
  });
  await done(mirror, "channel", "create", "other", "--from", "lab");
  await mirror.configure({ channels: { prod: { from: "labb" }, lab: { from: "other" } } });
  expect(await done(mirror, "channel", "list")).toContain(
    "The channel prod takes from labb, which is not defined.",
  );
  expect(await refused(mirror, "channel", "promote", "prod", "--reason", "x")).toMatchObject({
    code: "JAM_CHANNEL_INVALID",
    hint: expect.stringContaining("Did you mean lab?"),
  });
  expect(await refused(mirror, "channel", "promote", "lab", "--reason", "x")).toMatchObject({
    code: "JAM_CHANNEL_INVALID",
    message: expect.stringContaining("lab from other from lab"),
  });
  await mirror.configure({ channels: { prod: { from: "labb" } } });
  await promote(mirror, "lab");
});

test("a history in which one byte changed is named, nothing changes, and clients are served", async () => {
  await using upstream = await startUpstream({ tree: trees[1] as SampleTree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await done(mirror, "channel", "create", "lab", "--from", "mirror");
  await promote(mirror, "lab");
  const file = join(mirror.data, "state/channel-history-lab.json");
  const whole = await readFile(file);
  for (const at of [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => Math.floor(whole.length * share))) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] as number) ^ 1;
    await writeFile(file, damaged);
    for (const args of [
      ["history", "lab"],
      ["promote", "lab", "--reason", "x"],
      ["hold", "lab", "3.6.1", "--reason", "x"],
    ]) {
      expect(await refused(mirror, "channel", ...args), `byte ${at}`).toMatchObject({
        status: 4,
        code: "JAM_STORE_CORRUPT",
        message: expect.stringContaining("channel-history-lab.json"),
      });
    }
    expect(await readFile(file)).toEqual(damaged);
    expect(await listed(inFolder(mirror, "lab"))).toEqual(["3.6.1", "3.6.2"]);
    expect(await done(mirror, "channel", "list")).toContain("cannot be read");
  }
  await writeFile(file, whole);
  await done(mirror, "channel", "hold", "lab", "3.6.1", "--reason", "x");
});

test("delays and promote: auto follow each sync; withdrawals stay withdrawn; the fleet's versions are warned about", async () => {
  const hour = 3_600_000;
  await using upstream = await startUpstream({ tree: trees[0] as SampleTree });
  await using mirror = await temporaryMirror(upstream, {
    retention: { maxRemoval: "100%" },
    channels: {
      late: { from: "fresh", delay: "P2D", promote: "auto" },
      fresh: { from: "mirror", promote: "auto" },
      dated: { from: "mirror", delay: "P36500D", clock: "upstream", promote: "auto" },
      few: { from: "mirror", select: [{ stream: "released", keep: 1 }], promote: "auto" },
    },
  });
  const first = await mirror.here("sync");
  expect(first.stderr).toContain("channel fresh shows");
  expect(first.stderr).not.toContain("warning");
  expect(await listed(inFolder(mirror, "fresh"))).toEqual(["3.6.1"]);
  // It waits for its delay; that is no failure.
  const all = JSON.parse(
    await done(mirror, "channel", "promote", "--all", "--reason", "x", "-o", "json"),
  ) as {
    promotions: { channel: string; error: { code: string } | null }[];
  };
  expect(all.promotions.map(({ channel, error }) => [channel, error?.code])).toEqual([
    ["fresh", undefined],
    ["late", "JAM_CHANNEL_EMPTY"],
    ["dated", "JAM_CHANNEL_EMPTY"],
    ["few", undefined],
  ]);
  // As if the first sync had been three days ago.
  const note = join(mirror.data, "state/first-seen.json");
  const aged = (await readFile(note, "utf8")).replace(
    /"at":"[^"]+"/,
    `"at":"${new Date(Date.now() - 72 * hour).toISOString()}"`,
  );
  await writeFile(note, aged);
  upstream.publish(trees[1] as SampleTree);
  const second = await mirror.here("sync");
  expect(second.stderr).toContain("channel late shows");
  expect(await listed(inFolder(mirror, "late"))).toEqual(["3.6.1"]);
  expect(await listed(inFolder(mirror, "fresh"))).toEqual(["3.6.1", "3.6.2"]);
  expect(await listed(inFolder(mirror, "few"))).toEqual(["3.6.2"]);
  const kept = JSON.parse(await done(mirror, "channel", "diff", "late", "-o", "json")) as ChannelMove;
  expect(kept.keptBack).toEqual([
    {
      agent: "3.6.2-ubuntu-amd64",
      why: "delay",
      detail: expect.stringContaining("its delay ends at"),
      until: expect.any(String),
    },
  ]);
  const untilHours = (Date.parse(kept.keptBack[0]?.until ?? "") - Date.now()) / hour;
  expect(untilHours).toBeGreaterThan(47.9);
  expect(untilHours).toBeLessThanOrEqual(48);
  await done(mirror, "channel", "withdraw", "fresh", "3.6.2", "--reason", "CVE");
  await mirror.here("sync");
  expect(await listed(inFolder(mirror, "fresh"))).toEqual(["3.6.1"]);
  await done(mirror, "channel", "release", "fresh", "3.6.2", "--reason", "fixed");
  expect((await mirror.here("sync")).stderr).toContain("channel fresh shows");
  expect(await listed(inFolder(mirror, "fresh"))).toEqual(["3.6.1", "3.6.2"]);
  // 3.6.1 leaves upstream while a model runs it.
  await writeFile(
    join(mirror.folder, "fleet.json"),
    JSON.stringify({
      models: [
        {
          name: "admin/m",
          "short-name": "m",
          "model-uuid": "33333333-3333-4333-8333-000000000000",
          "controller-uuid": "22222222-2222-4222-8222-222222222222",
          "controller-name": "prod",
          owner: "admin",
          type: "iaas",
          life: "alive",
          "agent-version": "3.6.1",
        },
      ],
    }),
  );
  upstream.publish(trees[2] as SampleTree);
  await mirror.here("sync");
  await mirror.configure({ keepRunning: "fleet.json", channels: { fresh: { from: "mirror" } } });
  await done(mirror, "channel", "rollback", "fresh", "--reason", "x");
  const stranding = await mirror.here("channel", "promote", "fresh", "--reason", "x");
  expect(stranding.stderr).toContain("runs 3.6.1, which fresh will no longer list");
});

test("commands that read a mirror read a channel with --channel, and the history says what it showed when", async () => {
  await using upstream = await startUpstream({ tree: trees[0] as SampleTree });
  await using mirror = await temporaryMirror(upstream, { retention: { maxRemoval: "100%" } });
  await mirror.sync();
  await done(mirror, "channel", "create", "lab", "--from", "mirror");
  expect(await refused(mirror, "list", "--channel", "lab")).toMatchObject({
    status: 5,
    code: "JAM_CHANNEL_EMPTY",
  });
  expect(await refused(mirror, "list", "--channel", "lap")).toMatchObject({
    status: 5,
    code: "JAM_CHANNEL_NOT_FOUND",
    hint: expect.stringContaining("Did you mean lab?"),
  });
  const before = new Date().toISOString();
  const { to } = await promote(mirror, "lab");
  const between = new Date().toISOString();
  upstream.publish(trees[1] as SampleTree);
  await mirror.sync();

  expect(await done(mirror, "list")).toContain("3.6.2");
  expect(await done(mirror, "list", "--channel", "lab")).not.toContain("3.6.2");
  expect(await done(mirror, "list", "--channel", "mirror")).toContain("3.6.2");
  const asked = async (...args: string[]) =>
    JSON.parse((await mirror.here(...args, "-o", "json")).stdout) as Record<string, unknown>;
  const wished = ["which", "3.6.0"];
  expect((await asked(...wished))["version"]).toBe("3.6.2");
  expect((await asked(...wished, "--channel", "lab"))["version"]).toBe("3.6.1");
  expect((await mirror.here("lookup", "3.6.2-ubuntu-amd64", "--channel", "lab")).status).toBe(5);
  const found = await done(mirror, "lookup", "3.6.1-ubuntu-amd64", "--channel", "lab");
  expect(found).toContain("/channel/lab/tools");
  expect(await done(mirror, "connect", "--channel", "lab", "--metadata-source")).toMatch(
    /agent-metadata-url=\S+\/channel\/lab\/tools[^]*data\/channels\/lab/,
  );
  expect(JSON.stringify(await asked("inventory", "--channel", "lab"))).not.toContain("3.6.2");
  expect((await asked("explain", "3.6.2", "--channel", "lab"))["agents"]).toBeDefined();
  const bundle = (await asked(
    "bundle",
    "create",
    "--channel",
    "lab",
    "--to",
    join(mirror.folder, "out"),
    "--unsigned",
  )) as {
    bundle: { agents: number };
  };
  expect(bundle.bundle.agents).toBe(1);

  await promote(mirror, "lab");
  const at = async (time: string) => asked("channel", "history", "lab", "--at", time);
  expect(await at(before)).toMatchObject({ snapshot: null, catalogue: "none" });
  const history = await historyOf(mirror, "lab");
  expect(await at(between)).toMatchObject({
    snapshot: to,
    catalogue: "proven",
    agents: ["3.6.1-ubuntu-amd64"],
    entries: 3,
    entryHash: history[2]?.previous,
    head: sha256Of(canonicalJson(history[2])),
    proofs: [{ verified: true }],
  });
  expect(await refused(mirror, "channel", "history", "lab", "--at", "noon")).toMatchObject({ status: 2 });
});
