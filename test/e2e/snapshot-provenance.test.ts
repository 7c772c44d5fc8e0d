/** `jam snapshot show`: who made a snapshot, by which rules, from what. */
import { hostname } from "node:os";
import { expect, test } from "vitest";
import type { SnapshotDocument } from "../../src/mirror/snapshots-document.ts";
import { canonicalJson } from "../../src/shared/canonical-json.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import { jamHere } from "../helpers/jam-here.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { openOldStore, stayInOldStores } from "../helpers/old-store.ts";
import { agedTree, startUpstream } from "../helpers/upstream.ts";

const older = await agedTree(["3.6.1", "3.6.2", "4.0.1"], 3);
const newer = await agedTree(["3.6.1", "3.6.2", "3.6.3", "4.0.1"], 2);

async function run(folder: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await jamHere(folder, args);
  expect({ args, status, stderr: status === 0 ? "" : stderr }).toEqual({ args, status: 0, stderr: "" });
  return stdout;
}

async function shown(folder: string, id = "current"): Promise<SnapshotDocument> {
  return JSON.parse(await run(folder, "snapshot", "show", id, "-o", "json")) as SnapshotDocument;
}

async function promoted(mirror: TestMirror): Promise<string> {
  const text = await run(mirror.folder, "channel", "promote", "lab", "--reason", "test", "-o", "json");
  return (JSON.parse(text) as { to: string }).to;
}

const digestOf = ({ made }: SnapshotDocument) => sha256Of(canonicalJson(made?.rules));

test("a synced snapshot tells who made it and by which rules, with a digest that changes with the rules", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: ">=3.6", keep: 3 }],
    deny: [{ version: "4.0.1", reason: "not tested here" }],
  });
  await mirror.jam("sync");
  const first = await shown(mirror.folder);
  expect(first.made).toMatchObject({
    who: expect.stringMatching(`^[^@]+@${hostname()}$`),
    rules: {
      select: [{ streams: ["released"], versions: ">=3.6", keep: 3 }],
      deny: [{ version: "4.0.1", reason: "not tested here" }],
    },
  });
  expect(first.made?.rulesSha256).toBe(digestOf(first));
  expect(first.proofs[0]?.documents[0]?.signedBy).toBe(upstream.tree.key.fingerprint.toUpperCase());
  const text = await run(mirror.folder, "snapshot", "show");
  expect(text).toContain(`made by   ${first.made?.who}\nrules     SHA-256 ${first.made?.rulesSha256}\n`);
  expect(text).toContain("takes released, >=3.6, newest 3 per minor\n");
  expect(text).toContain("denies 4.0.1: not tested here\n");

  upstream.publish(newer);
  await mirror.jam("sync");
  const second = await shown(mirror.folder);
  expect(second.snapshot.id).not.toBe(first.snapshot.id);
  expect(second.made?.rulesSha256).toBe(first.made?.rulesSha256);
  await mirror.configure({ deny: [{ version: "3.6.1" }] });
  await mirror.jam("sync", "--allow", "mass-removal");
  expect((await shown(mirror.folder)).made?.rulesSha256).not.toBe(first.made?.rulesSha256);
  expect((await shown(mirror.folder, first.snapshot.id)).made).toEqual(first.made);
});

test("a channel's snapshot tells its select, delay, holds and withdrawals, and after a rollback too", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror", select: [{ stream: "released", versions: "<4" }] } },
  });
  await mirror.sync();
  const id = await promoted(mirror);
  const first = await shown(mirror.folder, id);
  expect(first).toMatchObject({
    channel: { channel: "lab", from: "mirror" },
    made: { rules: { select: [{ streams: ["released"], versions: "<4" }] } },
  });
  expect(first.made?.rulesSha256).toBe(digestOf(first));
  await run(mirror.folder, "channel", "hold", "lab", "3.6.3", "--reason", "test");
  await run(mirror.folder, "channel", "withdraw", "lab", "3.6.1", "--reason", "test");
  upstream.publish(newer);
  await mirror.sync();
  await mirror.configure({ channels: { lab: { from: "mirror", delay: "P1D", clock: "upstream" } } });
  const second = await promoted(mirror);
  expect((await shown(mirror.folder, second)).made?.rules).toEqual({
    delay: { ms: 86_400_000, clock: "upstream" },
    held: ["3.6.3"],
    withdrawn: ["3.6.1"],
  });
  const text = await run(mirror.folder, "snapshot", "show", second);
  expect(text).toContain("takes everything that its origin listed\n");
  expect(text).toContain("delay 1 d since upstream's date\n");
  expect(text).toContain("on hold 3.6.3\n          withdrawn 3.6.1\n");
  expect(text).toMatch(/channel   lab: a part of \S+ of mirror\n/);
  const back = JSON.parse(
    await run(mirror.folder, "channel", "rollback", "lab", "--reason", "test", "-o", "json"),
  ) as { to: string };
  expect((await shown(mirror.folder, back.to)).made).toMatchObject({
    who: first.made?.who,
    rules: { select: first.made?.rules.select, withdrawn: ["3.6.1"] },
  });
});

stayInOldStores();

test("a snapshot of an earlier version says that nobody recorded it; the next import and sync record it", async () => {
  await using store = await openOldStore("5-notes");
  const old = await shown(store.far);
  expect(old.made).toBeNull();
  expect(await run(store.far, "snapshot", "show")).toContain("made by   not recorded");
  await run(store.near, "sync");
  expect((await shown(store.near)).made?.rules.select).toBeDefined();
  await run(store.near, "bundle", "create", "--site", "plant-7", "--to", "../third");
  await run(store.far, "bundle", "import", "../second", "../third");
  const imported = await shown(store.far);
  expect(imported).toMatchObject({
    made: { who: expect.stringContaining("@"), rules: { deny: [] } },
    bundle: { id: expect.any(String), signedBy: expect.any(String) },
  });
  expect(await run(store.far, "snapshot", "show")).toMatch(/bundle {4}\S+, .*\n {10}signed by /);
});
