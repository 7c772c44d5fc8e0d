import { expect, test } from "vitest";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { buildSampleTree, startUpstream, type SampleTree } from "../../helpers/upstream.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";

/** Upstream's trees: one release in a stream of its own, one in two streams. */
const options = { releases: ["3.6.27", "4.1-beta1"], arches: ["amd64"], oses: ["ubuntu"] } as const;
const HOUR_MS = 3_600_000;
const before = await buildSampleTree({ ...options, now: new Date(Date.now() - 2 * HOUR_MS) });
const tree = await buildSampleTree({ ...options, now: new Date(Date.now() - HOUR_MS) });

const INDEX = "streams/v1/index2.json";
const DEVEL_ID = "com.ubuntu.juju:devel:agents";
const DEVEL = "streams/v1/com.ubuntu.juju-devel-agents.json";
const RELEASED = "streams/v1/com.ubuntu.juju-released-agents.json";
const BOTH = ["3.6.27-ubuntu-amd64", "4.1-beta1-ubuntu-amd64"];
const SETTINGS = {
  select: [{ stream: ["released", "proposed", "devel"], os: ["ubuntu"] }],
  fetch: { retries: 0, idleTimeout: "PT2S" },
};

const signed = (path: string) => path.replace(/json$/, "sjson");

/** One document of several that cannot be used, though all that can be verified holds. */
const ODD_DOCUMENTS: readonly [string, () => Promise<SampleTree> | SampleTree][] = [
  ["is missing", () => tree.withDocument(signed(DEVEL), undefined)],
  ["is no JSON", () => tree.withSigned(DEVEL, tree.text(DEVEL).slice(0, -20))],
  ["is of another format", () => tree.withEdited(DEVEL, (file) => ({ ...file, format: "products:2.0" }))],
  ["says it is another stream", () => tree.withSigned(DEVEL, tree.text(RELEASED))],
  ["has a list for products", () => tree.withEdited(DEVEL, (file) => ({ ...file, products: [] }))],
  [
    "has a bad product",
    () => tree.withEdited(DEVEL, (file) => ({ ...file, products: { "com.ubuntu.juju:ubuntu:amd64": [] } })),
  ],
  [
    "is named by a path that climbs out",
    () => tree.withEdited(INDEX, ({ index }) => void (index[DEVEL_ID]!.path = "../../etc/passwd")),
  ],
  [
    "is named by a path that no disk takes",
    () => tree.withEdited(INDEX, ({ index }) => void (index[DEVEL_ID]!.path = `streams/${"x".repeat(256)}`)),
  ],
];

test.for(ODD_DOCUMENTS)("publishes the other streams when one product file %s", async ([, build]) => {
  await using upstream = await startUpstream({ tree: await build() });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  const report = await mirror.sync();
  expect(report.outcome).toBe("partial");
  expect(report.failed.map(({ message }) => message).join()).toMatch(/devel/);
  expect((await mirror.published()).agents).toEqual(BOTH.slice(0, 1));

  upstream.publish(tree);
  expect(await mirror.sync()).toMatchObject({ outcome: "updated", failed: [] });
  expect((await mirror.published()).agents).toEqual(BOTH);
});

test.for(ODD_DOCUMENTS)("takes nothing away that is held when one product file %s", async ([, build]) => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  await mirror.sync();
  upstream.publish(await build());
  // A snapshot's name tells its second.
  const report = await mirror.sync({ at: new Date(Date.now() + 2000) });
  expect(report).toMatchObject({ outcome: "partial", removed: [] });
  expect((await mirror.published()).agents).toEqual(BOTH);
  const snapshot = await requireCurrentSnapshot(await openFsStore(mirror.data), mirror.data);
  expect(snapshot.verbatim.complete).toBe(false);
  const beta = snapshot.agents.find(({ version }) => version === "4.1-beta1");
  expect(beta?.listings.map(({ contentId }) => contentId)).toEqual([DEVEL_ID]);
  // What is held can still be carried with its proof.
  const made = await mirror.jam("bundle", "create", "--unsigned", "--to", "media", "-o", "json");
  expect(JSON.parse(made.stdout)).toMatchObject({ bundle: { agents: 2 } });
});

test("the command names the product file that it could not use and ends with 3", async () => {
  await using upstream = await startUpstream({ tree: tree.withDocument(signed(DEVEL), undefined) });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  upstream.fault(/devel-agents/, { kind: "status", status: 403 });
  const { status, stdout } = await mirror.jam("sync", "--progress", "none");
  expect(status).toBe(3);
  expect(stdout).toContain(DEVEL_ID);
  expect((await mirror.published()).agents).toEqual(BOTH.slice(0, 1));
});

test("prefers a second upstream that is whole to a first one that is not, and says why", async () => {
  await using first = await startUpstream({ tree: tree.withDocument(signed(DEVEL), undefined) });
  await using second = await startUpstream({ tree });
  await using mirror = await temporaryMirror(first, SETTINGS);
  const keyring = "key.asc";
  await mirror.configure({
    upstreams: [
      { name: "none", url: "http://127.0.0.1:9/", keyring },
      { name: "key", url: second.url, keyring: "missing.asc" },
      { name: "first", url: first.url, keyring },
      { name: "second", url: second.url, keyring },
    ],
  });
  const report = await mirror.sync();
  expect(report).toMatchObject({ outcome: "updated", upstream: second.url, failed: [] });
  for (const name of ["none", "key", "first"])
    expect(report.warnings.join()).toContain(`${name} was skipped`);
});

test("takes the first one of several upstreams of which none is whole", async () => {
  const odd = tree.withDocument(signed(DEVEL), undefined);
  await using first = await startUpstream({ tree: odd });
  await using second = await startUpstream({ tree: odd });
  await using mirror = await temporaryMirror(first, SETTINGS);
  const keyring = "key.asc";
  await mirror.configure({
    upstreams: [
      { name: "first", url: first.url, keyring },
      { name: "second", url: second.url, keyring },
    ],
  });
  expect(await mirror.sync()).toMatchObject({ outcome: "partial", upstream: first.url });
});

test("stops at a document whose signature does not hold, whatever the others say", async () => {
  await using upstream = await startUpstream({
    tree: tree.withDocument(signed(DEVEL), tree.text(signed(DEVEL)).replace("4.1-beta1", "4.1-beta2")),
  });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  await expect(mirror.sync()).rejects.toMatchObject({ code: "JAM_METADATA_SIGNATURE_INVALID" });
});

/** The item of the beta, with other fields. */
function withFields(fields: object, base = tree): Promise<SampleTree> {
  return base.withEdited(DEVEL, ({ products }) => {
    for (const { versions } of Object.values(products)) {
      for (const { items } of Object.values(versions)) {
        for (const [name, item] of Object.entries(items))
          if (name.startsWith("4.1")) Object.assign(item, fields);
      }
    }
  });
}

test.for([
  ["with a segment that no disk takes", `agent/${"x".repeat(256)}.tgz`],
  ["with a folder that no disk takes", `${"x".repeat(255)}y/juju.tgz`],
  ["with everybody's folder as path", "agent"],
  ["with a folder in another case", "Agent/4.1-beta1/juju-4.1-beta1-linux-amd64.tgz"],
  ["with the folder of the metadata in another case", "Streams/v1/x.tgz"],
])("a first sync publishes all but the item %s", async ([, path = ""]) => {
  await using upstream = await startUpstream({ tree: await withFields({ path }) });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  const report = await mirror.sync();
  expect(report.outcome).toBe("partial");
  expect(report.failed).toMatchObject([
    {
      agent: "4.1-beta1-ubuntu-amd64",
      code: expect.stringMatching(/^JAM_(ITEM_REFUSED|METADATA_CONFLICT)$/),
    },
  ]);
  expect((await mirror.published()).agents).toEqual(BOTH.slice(0, 1));
});

test("a size that no disk has room for is refused by itself, and does not look like a full disk", async () => {
  await using upstream = await startUpstream({ tree: await withFields({ size: 2 ** 52 }) });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  expect(await mirror.sync()).toMatchObject({ outcome: "partial", failed: [{ code: "JAM_ITEM_REFUSED" }] });
  expect((await mirror.published()).agents).toEqual(BOTH.slice(0, 1));
});

test("an item that claims the content of another one under a dead path does not take it away", async () => {
  const good = tree.listings.find(({ version }) => version === "3.6.27")!.item;
  const odd = await withFields({
    version: "3.6-beta1",
    path: "agent/dead.tgz",
    sha256: good.sha256,
    size: good.size,
  });
  await using upstream = await startUpstream({ tree: odd });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  await mirror.sync();
  expect((await mirror.published()).agents).toContain("3.6.27-ubuntu-amd64");
});

test("a path that was a file until now may become a folder", async () => {
  const bytes = Buffer.from("some bytes");
  const at = async (path: string, base: SampleTree) =>
    (await withFields({ path, size: bytes.length, sha256: sha256Of(bytes), md5: undefined }, base)).withItem(
      path,
      bytes,
    );
  await using upstream = await startUpstream({ tree: await at("own", before) });
  await using mirror = await temporaryMirror(upstream, SETTINGS);
  expect(await mirror.sync()).toMatchObject({ outcome: "updated", failed: [] });
  upstream.publish(await at("own/beta.tgz", tree));
  expect(await mirror.sync()).toMatchObject({ outcome: "updated", failed: [] });
  expect((await mirror.published()).agents).toEqual(BOTH);
});
