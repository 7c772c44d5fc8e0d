import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import {
  buildSampleTree,
  startUpstream,
  withSignatureFault,
  type SampleTree,
} from "../../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.now();

function treeOf(hoursAgo: number, releases: readonly string[]): Promise<SampleTree> {
  const now = new Date(NOW - hoursAgo * HOUR_MS);
  return buildSampleTree({ releases, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"], now });
}

const daysFromNow = (days: number): Date => new Date(NOW + days * 24 * HOUR_MS);
const older = await treeOf(48, ["2.8.12", "3.6.26"]);
const tree = await treeOf(3, ["2.8.12", "2.8.13", "3.6.26", "3.6.27"]);
const newer = await treeOf(1, ["2.8.12", "2.8.13", "3.6.26", "3.6.27", "3.6.28"]);

const INDEX = "streams/v1/index2.json";
const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";
const TOOLS = "streams/v1/com.ubuntu.juju-released-tools.json";
const EVERY_DOCUMENT = [INDEX, AGENTS, TOOLS];

const signed = (path: string) => path.replace(/json$/, "sjson");

/** `tree` with the document at `path`, signed and not, as it is in `other`. */
function withDocumentOf(other: SampleTree, path: string, base = tree): SampleTree {
  return base.withDocument(path, other.text(path)).withDocument(signed(path), other.text(signed(path)));
}

interface SyncedMirror extends AsyncDisposable {
  readonly upstream: Awaited<ReturnType<typeof startUpstream>>;
  readonly mirror: TestMirror;
  /** Runs a sync that must fail with `code`, and checks that nothing that clients see has changed. */
  refuses(code: string): Promise<void>;
}

async function syncedMirror(): Promise<SyncedMirror> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream({ tree }));
  const mirror = stack.use(await temporaryMirror(upstream, { fetch: { retries: 0, idleTimeout: "PT1S" } }));
  await mirror.sync();
  const before = await readFile(join(mirror.data, "tools/streams/v1/index2.json"), "utf8");
  const moved = stack.move();
  return {
    upstream,
    mirror,
    async refuses(code) {
      await expect(mirror.sync()).rejects.toMatchObject({ code });
      expect(await readFile(join(mirror.data, "tools/streams/v1/index2.json"), "utf8")).toBe(before);
      await mirror.published();
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

test.for(EVERY_DOCUMENT)("refuses an older %s, and takes it with --allow rollback", async (path) => {
  await using synced = await syncedMirror();
  synced.upstream.publish(withDocumentOf(older, path));
  await synced.refuses("JAM_METADATA_ROLLBACK");
  const allow = path === INDEX ? (["rollback"] as const) : (["rollback", "inconsistent"] as const);
  const report = await synced.mirror.sync({ allow });
  expect(report.outcome).not.toBe("failed");
});

test("refuses a whole older tree", async () => {
  await using synced = await syncedMirror();
  synced.upstream.publish(older);
  await synced.refuses("JAM_METADATA_ROLLBACK");
});

test("a document dated ahead within what clocks may differ is remembered, and the refusal of the next one says so", async () => {
  await using synced = await syncedMirror();
  synced.upstream.publish(await treeOf(-20, ["2.8.12", "2.8.13", "3.6.26", "3.6.27"]));
  expect((await synced.mirror.jam("sync", "--quiet")).status).toBe(0);
  synced.upstream.publish(newer);
  const ahead = new Date(NOW + 20 * HOUR_MS).toISOString().replace(/\.\d+Z$/, "");
  const { status, stderr } = await synced.mirror.jam("sync");
  expect([status, stderr]).toEqual([4, expect.stringContaining("JAM_METADATA_ROLLBACK")]);
  expect(stderr.replaceAll(/\s+/g, " ")).toMatch(
    new RegExp(`ahead of its time: up to 24 h are accepted.* what is dated after ${ahead}`),
  );
  expect((await synced.mirror.sync({ allow: ["rollback"] })).outcome).toBe("updated");
  await synced.mirror.published();
});

test("refuses an older signature over the same date", async () => {
  await using synced = await syncedMirror();
  const updatedAt = new Date(NOW - 3 * HOUR_MS);
  const replayed = await buildSampleTree({
    releases: ["2.8.12", "2.8.13", "3.6.26"],
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released"],
    now: new Date(NOW - 5 * HOUR_MS),
    updatedAt,
  });
  synced.upstream.publish(replayed);
  await synced.refuses("JAM_METADATA_ROLLBACK");
});

test.for(EVERY_DOCUMENT)("refuses a %s whose date was dropped", async (path) => {
  await using synced = await syncedMirror();
  synced.upstream.publish(await newer.withEdited(path, (document) => ({ ...document, updated: undefined })));
  await synced.refuses("JAM_METADATA_ROLLBACK");
});

test.for(EVERY_DOCUMENT)("refuses a %s from the future", async (path) => {
  await using synced = await syncedMirror();
  const updated = new Date(NOW + 400 * 24 * HOUR_MS).toUTCString();
  synced.upstream.publish(await newer.withEdited(path, (document) => ({ ...document, updated })));
  await synced.refuses("JAM_METADATA_FUTURE");
});

test.for([AGENTS, TOOLS])("refuses a set of an old index and a new one mixed at %s", async (path) => {
  await using synced = await syncedMirror();
  synced.upstream.publish(withDocumentOf(tree, path, newer));
  await synced.refuses("JAM_UPSTREAM_INCONSISTENT");
});

test("a mirror that forgot its memory still refuses what is older than its snapshot", async () => {
  await using synced = await syncedMirror();
  await rm(join(synced.mirror.data, "state"), { recursive: true });
  synced.upstream.publish(older);
  await synced.refuses("JAM_METADATA_ROLLBACK");
});

test("warns when upstream has said nothing new for weeks", async () => {
  await using synced = await syncedMirror();
  const report = await synced.mirror.sync({ at: daysFromNow(21) });
  expect(report.outcome).toBe("unchanged");
  expect(report.warnings.join()).toMatch(/index2\.sjson is .* old/);
});

test("a clock that is far behind is named, and nothing is published", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  const error = await mirror.sync({ at: daysFromNow(-400) }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "JAM_METADATA_FUTURE" });
  expect((error as { hint: string }).hint).toContain("clock");
  expect((await mirror.published()).agents).toEqual([]);
});

const SIGNATURES = [
  ["unsigned", /UNSIGNED|SIGNATURE_INVALID/],
  ["foreign-key", /KEY_UNKNOWN/],
  ["altered", /SIGNATURE_INVALID/],
  ["truncated", /UPSTREAM_TRUNCATED/],
  ["text-before", /SIGNATURE_INVALID/],
  ["text-after", /SIGNATURE_INVALID/],
  ["two-blocks", /SIGNATURE_INVALID/],
  ["empty-signature", /SIGNATURE_INVALID/],
  ["signed-in-future", /FUTURE|SIGNATURE_INVALID/],
  ["lone-cr", /SIGNATURE_INVALID/],
  ["good-then-bad", /SIGNATURE_INVALID/],
] as const;

test.for(SIGNATURES)(
  "refuses a document whose signature is %s, whichever document it is",
  async ([fault, code]) => {
    await using synced = await syncedMirror();
    for (const path of EVERY_DOCUMENT) {
      synced.upstream.publish(await withSignatureFault(newer, path, fault));
      await synced.refuses(expect.stringMatching(code) as string);
    }
    synced.upstream.publish(newer);
    expect((await synced.mirror.sync()).outcome).toBe("updated");
  },
);

test("a signed twin that is missing is no reason to take the other: the index stops the run, a product file is left out", async () => {
  await using synced = await syncedMirror();
  synced.upstream.publish(await withSignatureFault(newer, INDEX, "missing"));
  await synced.refuses("JAM_UPSTREAM_NOT_FOUND");
  for (const path of [AGENTS, TOOLS]) {
    synced.upstream.publish(await withSignatureFault(newer, path, "missing"));
    const report = await synced.mirror.sync();
    expect(report.failed).toMatchObject([{ path: signed(path), code: "JAM_UPSTREAM_NOT_FOUND" }]);
    expect(report.removed).toEqual([]);
  }
});

test("the command ends with 4 on a bad signature and names the document", async () => {
  await using synced = await syncedMirror();
  synced.upstream.publish(await withSignatureFault(newer, AGENTS, "altered"));
  const { status, stderr } = await synced.mirror.jam("sync", "--progress", "none");
  expect(status).toBe(4);
  expect(stderr).toContain("com.ubuntu.juju-released-agents.sjson");
});

test("records that verification was off, and keeps the verbatim face shut", async () => {
  await using upstream = await startUpstream({ tree: await withSignatureFault(tree, INDEX, "foreign-key") });
  await using mirror = await temporaryMirror(upstream);
  const { status, stdout, stderr } = await mirror.jam("sync", "--no-verify", "--progress", "none");
  expect(status).toBe(0);
  expect(`${stdout}${stderr}`).toMatch(/NOT verified/);
  const snapshot = await requireCurrentSnapshot(await openFsStore(mirror.data), mirror.data);
  expect(snapshot.upstream.verified).toBe(false);
  expect(snapshot.verbatim).toMatchObject({ complete: false, reason: expect.stringMatching(/not verified/) });
});

test("keeps every document that it trusted as proof, byte for byte", async () => {
  await using synced = await syncedMirror();
  const snapshot = await requireCurrentSnapshot(await openFsStore(synced.mirror.data), synced.mirror.data);
  expect(snapshot.upstream.documents.map(({ path }) => path).sort()).toEqual(
    EVERY_DOCUMENT.map(signed).sort(),
  );
  for (const { path, sha256, signedBy } of snapshot.upstream.documents) {
    expect(signedBy).toBe(tree.key.fingerprint);
    expect(await readFile(join(synced.mirror.data, "upstream", sha256), "utf8")).toBe(tree.text(path));
  }
});
