/** Channels over an air gap: a bundle carries the history of its channel, and is imported into a channel. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBundle } from "../../src/bundle/create/create-bundle.ts";
import type { ChannelEntry, ImportedHistoryDocument } from "../../src/channel/history-document.ts";
import { entryHash, readHistory } from "../../src/channel/history.ts";
import { composeBundle, composePlace } from "../../src/compose/bundle.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { ConfigFile } from "../../src/config/schema.ts";
import { currentSnapshot } from "../../src/mirror/read-snapshots.ts";
import { parseRefName } from "../../src/shared/ref-name.ts";
import { airGap, type AirGap, type ImportedDocument } from "../helpers/air-gap.ts";
import { agedTree, startUpstream, type SampleTree, type TestUpstream } from "../helpers/upstream.ts";

const PROD = parseRefName("prod");

let trees: SampleTree[];
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  trees = await Promise.all([
    agedTree(["3.6.1"], 4),
    agedTree(["3.6.1", "3.6.2"], 3),
    agedTree(["3.6.1", "3.6.2", "3.6.3"], 2),
  ]);
});
afterAll(() => stack.disposeAsync());

interface World extends AirGap {
  readonly upstream: TestUpstream;
}

/** A near side whose channel `prod` shows 3.6.1 and 3.6.2; the mirror has 3.6.3 as well. */
async function world(far: ConfigFile = {}): Promise<World> {
  const upstream = stack.use(await startUpstream({ tree: trees[0] as SampleTree }));
  const near = { channels: { prod: { from: "mirror" } } };
  const gap = stack.use(await airGap(upstream, { near, far }));
  await promote(gap, "first");
  upstream.publish(trees[1] as SampleTree);
  await gap.near.sync();
  await promote(gap, "second");
  upstream.publish(trees[2] as SampleTree);
  await gap.near.sync();
  return { ...gap, upstream };
}

const promote = (gap: AirGap, reason: string) =>
  gap.done("near", "channel", "promote", "prod", "--reason", reason);

let bundles = 0;
async function create(gap: AirGap, ...args: string[]): Promise<string> {
  bundles += 1;
  const folder = join(gap.medium, `b${bundles}`);
  await gap.done("near", "bundle", "create", "--to", `${folder}/`, ...args);
  return folder;
}

async function refused(gap: AirGap, ...args: string[]) {
  const { status, stdout } = await gap.far.here(...args, "-o", "json");
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
  return { status, ...error };
}

async function historyOf(gap: AirGap, side: "near" | "far", name = "prod"): Promise<ChannelEntry[]> {
  return (await gap.json<{ history: ChannelEntry[] }>(side, "channel", "history", name)).history;
}

const listedIn = async (gap: AirGap, name: string) =>
  (await gap.json<{ agentNames: string[] }>("far", "channel", "show", name)).agentNames;

test("a channel's bundle that goes into the mirror says so, and what it says brings it to a channel", async () => {
  const gap = await world();
  const made = await gap.json<{ bundle: object }>(
    "near",
    "bundle",
    "create",
    "--channel",
    "prod",
    "--to",
    join(gap.medium, "m/"),
  );
  expect(made.bundle).toMatchObject({ scope: "channel", channel: "prod" });
  const folder = join(gap.medium, "m");
  const { warnings } = await gap.json<ImportedDocument & { warnings: string[] }>(
    "far",
    "bundle",
    "import",
    folder,
  );
  expect(warnings).toEqual([
    expect.stringMatching(/made from the channel prod, and goes into the mirror here.*--channel prod/),
  ]);
  const right = await gap.json<ImportedDocument & { warnings: string[] }>(
    "far",
    "bundle",
    "import",
    folder,
    "--channel",
    "prod",
  );
  expect(right.warnings).toEqual([]);
  expect(right).toMatchObject({ bundles: [{ scope: "channel" }] });
  const plain = await gap.json<{ bundle: object }>(
    "near",
    "bundle",
    "create",
    "--to",
    join(gap.medium, "n/"),
  );
  expect(plain.bundle).toMatchObject({ scope: "mirror", channel: null });
  const whole = await gap.json<ImportedDocument & { warnings: string[] }>(
    "far",
    "bundle",
    "import",
    join(gap.medium, "n"),
  );
  expect(whole.warnings).toEqual([]);
  expect(whole).toMatchObject({ bundles: [{ scope: "mirror" }] });
});

test("a far side gets a channel with the history of the near side, and follows it, also back", async () => {
  const gap = await world();
  const first = await create(gap, "--channel", "prod");
  const printed = await gap.done(
    "near",
    "bundle",
    "create",
    "--channel",
    "prod",
    "--to",
    join(gap.medium, "b"),
  );
  expect(printed.stdout).toContain("jam bundle import /path/to/b --channel prod\n");
  expect(printed.stdout).toContain("jam bundle receipt --to /path/to/b/receipt.txt --channel prod\n");
  const near = await historyOf(gap, "near");
  const imported = await gap.json<ImportedDocument & { channel: object }>(
    "far",
    "bundle",
    "import",
    first,
    "--channel",
    "plant",
  );
  const head = entryHash(near.at(-1) as ChannelEntry);
  expect(imported).toMatchObject({ outcome: "updated", channel: { name: "plant", created: true, head } });
  expect(await listedIn(gap, "plant")).toEqual(["3.6.1-ubuntu-amd64", "3.6.2-ubuntu-amd64"]);
  // The mirror of the far side stays as it is: it shows nothing.
  expect((await gap.far.here("list")).status).toBe(5);
  const list = await gap.json<{ channels: object[] }>("far", "channel", "list");
  expect(list.channels).toMatchObject([{ name: "plant", from: "bundle", fault: null }]);
  const own = await historyOf(gap, "far", "plant");
  expect(own).toMatchObject([{ action: "import", feeder: "bundle", head, source: near.at(-1)?.to }]);
  const shown = await gap.json<ImportedHistoryDocument>("far", "channel", "history", "plant", "--imported");
  expect(shown).toMatchObject({ channel: "plant", name: "prod", head, history: near });
  expect((await gap.done("far", "channel", "history", "plant", "--imported")).stdout).toContain("second");
  const moment = await gap.json<{ catalogue: string }>(
    "far",
    "channel",
    "history",
    "plant",
    "--at",
    new Date(Date.now() + 1000).toISOString(),
  );
  expect(moment.catalogue).toBe("proven");
  // The same again: nothing happens.
  await gap.done("far", "bundle", "import", first, "--channel", "plant");
  expect(await historyOf(gap, "far", "plant")).toHaveLength(1);

  // A delta for what the channel has; it brings the one new agent and the longer history.
  await gap.done("far", "inventory", "--channel", "plant", "--to", join(gap.medium, "have.json"));
  await promote(gap, "third");
  const delta = await create(gap, "--channel", "prod", "--have", join(gap.medium, "have.json"));
  const second = await gap.json<ImportedDocument>("far", "bundle", "import", delta, "--channel", "plant");
  expect(second).toMatchObject({ outcome: "updated", imported: { agents: 1 } });
  expect(await listedIn(gap, "plant")).toContain("3.6.3-ubuntu-amd64");

  // The near side goes back: the snapshot is older, and the history longer.
  await gap.done("near", "channel", "rollback", "prod", "--reason", "LP#1");
  await gap.done("far", "bundle", "receipt", "--channel", "plant", "--to", join(gap.medium, "r.txt"));
  await gap.done("near", "site", "update", join(gap.medium, "r.txt"));
  const back = await create(gap, "--channel", "prod", "--site", "plant-7");
  const third = await gap.json<ImportedDocument>("far", "bundle", "import", back, "--channel", "plant");
  expect(third).toMatchObject({ outcome: "updated", imported: { agents: 0 } });
  expect(await listedIn(gap, "plant")).not.toContain("3.6.3-ubuntu-amd64");

  // What happened without a change of agents is carried, too.
  await gap.done("near", "channel", "hold", "prod", "3.6.9", "--reason", "wait");
  const held = await create(gap, "--channel", "prod");
  await gap.done("far", "bundle", "import", held, "--channel", "plant");
  expect(await historyOf(gap, "far", "plant")).toHaveLength(4);

  // An older bundle is refused, and taken with --allow rollback.
  expect(await refused(gap, "bundle", "import", delta, "--channel", "plant")).toMatchObject({
    status: 4,
    code: "JAM_BUNDLE_OUTDATED",
  });
  await gap.done("far", "bundle", "import", delta, "--channel", "plant", "--allow", "rollback");
  expect(await listedIn(gap, "plant")).toContain("3.6.3-ubuntu-amd64");
  await gap.done("far", "channel", "rollback", "plant", "--reason", "back");
  await gap.done("far", "verify");
});

test("a bundle goes only into a channel that bundles feed, or that does not exist yet", async () => {
  const gap = await world({ channels: { lab: { from: "mirror" }, plant: { from: "bundle" } } });
  const folder = await create(gap, "--channel", "prod");
  const unchanged = async (name: string, code: string) => {
    for (const flags of [[], ["--dry-run"]])
      expect(await refused(gap, "bundle", "import", folder, "--channel", name, ...flags)).toMatchObject({
        status: 2,
        code,
      });
  };
  await unchanged("lab", "JAM_CHANNEL_IN_USE");
  await unchanged("mirror", "JAM_CHANNEL_INVALID");
  await unchanged("bundle", "JAM_CHANNEL_INVALID");
  await unchanged("no/name", "JAM_USAGE_INVALID");
  expect((await gap.json<{ channels: object[] }>("far", "channel", "list")).channels).toHaveLength(2);

  await gap.done("far", "bundle", "import", folder, "--channel", "plant");
  expect(await refused(gap, "channel", "promote", "plant", "--reason", "no")).toMatchObject({
    code: "JAM_CHANNEL_INVALID",
    hint: expect.stringContaining("jam bundle import FOLDER --channel plant") as string,
  });
  // Channels of the far side take from it, and what is missing there is asked of bundles.
  await gap.done("far", "channel", "create", "cell", "--from", "plant");
  await gap.done("far", "channel", "promote", "cell", "--reason", "approved");
  const which = await gap.far.here("which", "3.6.1", "--to", "3.6.3", "--channel", "cell");
  expect(which.stdout).toContain("`jam bundle import FOLDER --channel plant`");
  // Into the mirror, as bundles always were.
  await gap.done("far", "bundle", "import", folder);
  expect((await gap.far.here("list")).stdout).toContain("3.6.2");
});

test("what the far side withdrew or holds stays out, whatever bundles bring", async () => {
  const gap = await world({ channels: { plant: { from: "bundle" } } });
  await gap.done("far", "bundle", "import", await create(gap, "--channel", "prod"), "--channel", "plant");
  await gap.done("far", "channel", "withdraw", "plant", "3.6.2", "--reason", "CVE");
  await gap.done("far", "channel", "hold", "plant", "3.6.3", "--reason", "wait");
  await promote(gap, "third");
  const folder = await create(gap, "--channel", "prod");
  const { warnings } = await gap.json<{ warnings: string[] }>(
    "far",
    "bundle",
    "import",
    folder,
    "--channel",
    "plant",
  );
  expect(warnings).toEqual([
    "3.6.2-ubuntu-amd64 is not listed in plant: withdrawn in plant: CVE",
    "3.6.3-ubuntu-amd64 is not listed in plant: on hold in plant: wait",
  ]);
  expect(await listedIn(gap, "plant")).toEqual(["3.6.1-ubuntu-amd64"]);
});

test("a history that was altered, shortened or written anew is refused as untrusted, and changes nothing", async () => {
  const gap = await world();
  await gap.done("far", "bundle", "import", await create(gap, "--channel", "prod"), "--channel", "plant");
  const before = [await listedIn(gap, "plant"), await historyOf(gap, "far", "plant")];
  await promote(gap, "third");
  const history = await historyOf(gap, "near");
  const altered: Record<string, ChannelEntry[]> = {
    "another reason": history.map((entry, index) => (index === 0 ? { ...entry, reason: "else" } : entry)),
    "without its middle": history.filter((_, index) => index !== 1),
    "another last entry": history.map((entry, index) =>
      index === history.length - 1 ? { ...entry, to: history[0]?.to ?? null } : entry,
    ),
    "written anew": chained(history.map((entry) => ({ ...entry, who: "mallory" }))),
    "begun later": chained(history.slice(1)),
    "of another channel": chained([{ ...(history.at(-1) as ChannelEntry), previous: null }]),
    none: [],
  };
  for (const [how, entries] of Object.entries(altered)) {
    const folder = await forge(gap, entries);
    const end = await refused(gap, "bundle", "import", folder, "--channel", "plant");
    expect({ how, status: end.status, code: end.code }).toEqual({
      how,
      status: 4,
      code: "JAM_BUNDLE_HISTORY_INVALID",
    });
  }
  // A bundle of the mirror carries no history, which this channel has.
  const plain = await create(gap);
  expect(await refused(gap, "bundle", "import", plain, "--channel", "plant")).toMatchObject({
    code: "JAM_BUNDLE_HISTORY_INVALID",
  });
  expect([await listedIn(gap, "plant"), await historyOf(gap, "far", "plant")]).toEqual(before);
  // The true one is accepted afterwards.
  await gap.done("far", "bundle", "import", await forge(gap, history), "--channel", "plant");
  expect(await listedIn(gap, "plant")).toContain("3.6.3-ubuntu-amd64");
});

test("bundles of the mirror stay readable for older programs; those with a history say that they need this one", async () => {
  const gap = await world();
  const plain = await create(gap);
  const carried = await create(gap, "--channel", "prod");
  expect(await manifestOf(plain)).toMatchObject({ format: "jam-bundle:1" });
  expect(await manifestOf(plain)).not.toHaveProperty("channel");
  expect(await manifestOf(carried)).toMatchObject({ format: "jam-bundle:2", channel: { name: "prod" } });
  expect((await gap.done("near", "bundle", "inspect", carried)).stdout).toContain(
    "channel    prod, history of 2",
  );
  await gap.done("near", "bundle", "verify", carried);
  // A channel of the far side may be fed by bundles of the mirror.
  await gap.done("far", "bundle", "import", plain, "--channel", "all");
  expect(await listedIn(gap, "all")).toContain("3.6.3-ubuntu-amd64");
  expect(await refused(gap, "channel", "history", "all", "--imported")).toMatchObject({ status: 5 });
});

test("where no history decides, an older bundle does not replace a newer one", async () => {
  const gap = await world();
  const older = [await create(gap, "--channel", "prod"), await forge(gap, [])];
  const newer = await create(gap);
  await gap.done("far", "bundle", "import", newer, "--channel", "plant");
  // The same again: nothing happens.
  await gap.done("far", "bundle", "import", newer, "--channel", "plant");
  expect(await historyOf(gap, "far", "plant")).toHaveLength(1);
  for (const folder of older)
    expect(await refused(gap, "bundle", "import", folder, "--channel", "plant")).toMatchObject({
      status: 4,
      code: "JAM_BUNDLE_OUTDATED",
    });
  expect(await listedIn(gap, "plant")).toContain("3.6.3-ubuntu-amd64");
  for (const folder of older.toReversed())
    await gap.done("far", "bundle", "import", folder, "--channel", "plant", "--allow", "rollback");
  expect(await listedIn(gap, "plant")).not.toContain("3.6.3-ubuntu-amd64");
});

test("volumes that arrive one by one go into the channel that they were begun for", async () => {
  const gap = await world();
  const folder = await create(gap, "--channel", "prod", "--volume-size", "12KiB");
  const { bundles: found } = await gap.json<{ bundles: { volumes: { count: number } }[] }>(
    "near",
    "bundle",
    "inspect",
    folder,
  );
  const count = found[0]?.volumes.count ?? 0;
  expect(count).toBeGreaterThan(1);
  const names = Array.from({ length: count }, (_, index) => `.${String(index + 1).padStart(3, "0")}.tar`);
  const files = await readdir(folder);
  const volumes = names.map((end) => join(folder, files.find((file) => file.endsWith(end)) ?? ""));
  const [first = "", ...others] = volumes;
  for (const volume of others)
    expect((await gap.far.here("bundle", "import", volume, "--channel", "plant")).status).toBe(3);
  expect((await gap.far.here("channel", "show", "plant")).status).toBe(5);
  await gap.done("far", "bundle", "import", first, "--channel", "plant");
  expect(await listedIn(gap, "plant")).toHaveLength(2);
  expect((await gap.far.here("list")).status).toBe(5);
});

test("the near side's history is kept, and damage to it is named", async () => {
  const gap = await world();
  await gap.done("far", "bundle", "import", await create(gap, "--channel", "prod"), "--channel", "plant");
  const note = join(gap.far.data, "state/imported-history-plant.json");
  const text = await readFile(note, "utf8");
  await writeFile(note, text.replace("second", "secund"));
  expect(await refused(gap, "channel", "history", "plant", "--imported")).toMatchObject({
    status: 4,
    code: "JAM_STORE_CORRUPT",
  });
  await rm(note);
  expect(await refused(gap, "channel", "history", "plant", "--imported")).toMatchObject({
    code: "JAM_STORE_CORRUPT",
  });
  // The next bundle brings it again.
  await promote(gap, "third");
  await gap.done("far", "bundle", "import", await create(gap, "--channel", "prod"), "--channel", "plant");
  await gap.done("far", "channel", "history", "plant", "--imported");
});

async function manifestOf(folder: string): Promise<object> {
  const name = (await readdir(folder)).find((file) => file.endsWith(".manifest.json")) ?? "";
  return JSON.parse(await readFile(join(folder, name), "utf8")) as object;
}

function chained(entries: readonly ChannelEntry[]): ChannelEntry[] {
  const made: ChannelEntry[] = [];
  for (const entry of entries) {
    const last = made.at(-1);
    made.push({ ...entry, previous: last === undefined ? null : entryHash(last) });
  }
  return made;
}

/** A bundle of the near side's channel with another history, signed with the near side's key. */
async function forge(gap: AirGap, history: readonly ChannelEntry[]): Promise<string> {
  bundles += 1;
  const folder = join(gap.medium, `f${bundles}`);
  const cwd = gap.near.folder;
  const config = await loadConfig({ file: undefined, flags: {}, env: {}, cwd, version: "test" });
  const signal = new AbortController().signal;
  const work = await composeBundle(config, { observe: () => undefined, signal, isSigned: true });
  const snapshot = await currentSnapshot(work.store, PROD);
  if (snapshot === undefined) throw new Error("The channel shows nothing.");
  expect(await readHistory(work.store, PROD)).not.toEqual([]);
  const place = await composePlace(`${folder}/`);
  const order = { snapshot, choice: {}, advice: [], history: { name: "prod", history } };
  await createBundle(order, { place, volumeSize: undefined, writesPage: false, force: false }, work);
  return folder;
}
