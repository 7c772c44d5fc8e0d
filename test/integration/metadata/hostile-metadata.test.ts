import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { buildSampleTree, startUpstream, type SampleTree } from "../../helpers/upstream.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";

const INDEX = "streams/v1/index2.json";
const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";
const GOOD = "3.6.26-ubuntu-amd64";

function treeOf(hoursAgo: number, releases: readonly string[]): Promise<SampleTree> {
  const now = new Date(Date.now() - hoursAgo * 3_600_000);
  return buildSampleTree({ releases, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"], now });
}

const before = await treeOf(2, ["3.6.26"]);
const after = await treeOf(1, ["3.6.26", "3.6.27"]);

type Fields = Record<string, unknown>;

/** The newer tree with the fields of 3.6.27 changed, in a document with a good signature. */
function withFields(change: (item: Fields) => void): Promise<SampleTree> {
  return after.withEdited(AGENTS, (document) => {
    for (const product of Object.values(document.products)) {
      for (const { items } of Object.values(product.versions)) {
        for (const [name, item] of Object.entries(items)) if (name.startsWith("3.6.27")) change(item);
      }
    }
  });
}

const setTo = (field: string, value: unknown) => () => withFields((item) => (item[field] = value));

/** One bad item: it is left out and named, all else goes on. */
const BAD_ITEMS: readonly [string, () => Promise<SampleTree>][] = [
  ["a path that climbs out", setTo("path", "../../escape.tgz")],
  ["an absolute path", setTo("path", "/tmp/escape.tgz")],
  ["a path to another host", setTo("path", "//evil.example/a.tgz")],
  ["a URL as path", setTo("path", "http://evil.example/a.tgz")],
  ["an encoded path that climbs out", setTo("path", "agent/%2e%2e/%2e%2e/a.tgz")],
  ["a backslash in its path", setTo("path", "agent\\..\\a.tgz")],
  ["a NUL in its path", setTo("path", "agent/a\u0000.tgz")],
  ["a hidden file as path", setTo("path", "agent/.a.tgz")],
  ["a path of 600 characters", setTo("path", `agent/${"a".repeat(600)}.tgz`)],
  ["a path into the metadata", setTo("path", "streams/v1/index2.json")],
  ["a path that is another's folder", setTo("path", "agent")],
  ["a size as text", setTo("size", "2048")],
  ["a negative size", setTo("size", -1)],
  ["half a byte as size", setTo("size", 2048.5)],
  ["a size beyond counting", setTo("size", 2 ** 60)],
  ["no sha256", setTo("sha256", undefined)],
  ["a short sha256", setTo("sha256", "abc")],
  ["a version that is none", setTo("version", "3.6.x")],
  ["a version that climbs out", setTo("version", "../3.6.27")],
  ["escapes of the terminal in its version", setTo("version", "3.6.27\u001b[2J")],
];

test.for(BAD_ITEMS)("leaves out an item with %s and publishes the rest", async ([, build]) => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  upstream.publish(await build());
  const report = await mirror.sync();
  expect(report.outcome).toBe("partial");
  expect(report.failed.map(({ agent }) => agent)).toContain("3.6.27-ubuntu-amd64");
  expect(report.failed.map(({ message }) => message).join()).not.toContain("\u001b");
  expect((await mirror.published()).agents).toEqual([GOOD]);
  expect(await readdir(mirror.folder)).toEqual(["data", "jam.yaml", "key.asc"]);
  expect(await readdir(dirname(mirror.folder))).not.toContain("escape.tgz");
});

async function withText(path: string, change: (text: string) => string): Promise<SampleTree> {
  return after.withSigned(path, change(after.text(path)));
}

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** A bad document: nothing of it is used, and the mirror stays as it was. */
const BAD_DOCUMENTS: readonly [string, RegExp, () => Promise<SampleTree>][] = [
  ["is no JSON", /MALFORMED/, () => withText(AGENTS, (text) => text.slice(0, -20))],
  ["goes on after its end", /MALFORMED/, () => withText(AGENTS, (text) => `${text}{}`)],
  ["says a key twice", /MALFORMED/, () => withText(AGENTS, (text) => text.replace("{", '{"format":"x",'))],
  [
    "has __proto__ as a key",
    /MALFORMED/,
    () =>
      withText(AGENTS, (text) =>
        text.replace('"products": {', '"products": {"__proto__": {"polluted": true},'),
      ),
  ],
  [
    "has constructor as a key",
    /MALFORMED/,
    () => withText(AGENTS, (text) => text.replace('"products": {', '"products": {"constructor": {},')),
  ],
  [
    "is nested without end",
    /MALFORMED|TOO_LARGE/,
    () => withText(AGENTS, (text) => text.replace("{", `{"x":${nested(100_000)},`)),
  ],
  [
    "is of another format",
    /MALFORMED/,
    () => after.withEdited(AGENTS, (document) => ({ ...document, format: "products:2.0" })),
  ],
  [
    "is of another stream",
    /INCONSISTENT/,
    () =>
      after.withEdited(AGENTS, (document) => ({ ...document, content_id: "com.ubuntu.juju:devel:agents" })),
  ],
  [
    "has a list for products",
    /MALFORMED/,
    () => after.withEdited(AGENTS, (document) => ({ ...document, products: [] })),
  ],
  [
    "leads out of the tree",
    /MALFORMED/,
    () =>
      after.withEdited(INDEX, (document) => {
        for (const entry of Object.values(document.index)) entry.path = "../../etc/passwd";
      }),
  ],
  [
    "leads to an unsigned document",
    /UNSIGNED|SIGNATURE/,
    async () => {
      const text = after.text(INDEX);
      const tree = await after.withSigned(INDEX, text.replaceAll("-agents.json", "-agents.JSON"));
      return tree.withDocument(AGENTS.replace(".json", ".JSON"), after.text(AGENTS));
    },
  ],
];

test.for(BAD_DOCUMENTS)("changes nothing when a signed document %s", async ([, code, build]) => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream, { fetch: { retries: 0 } });
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  upstream.publish(await build());
  await expect(mirror.sync()).rejects.toMatchObject({ code: expect.stringMatching(code) });
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
  expect(({} as Fields)["polluted"]).toBeUndefined();
  upstream.publish(after);
  expect((await mirror.sync()).outcome).toBe("updated");
});

const BODIES = [
  ["never ends", { kind: "endless" }],
  ["is a bomb of gzip", { kind: "gzip-bomb", bytes: 2 ** 28 }],
  ["comes with a bomb of headers", { kind: "header-bomb", bytes: 2 ** 20 }],
  ["is a login page", { kind: "html" }],
  ["is empty", { kind: "empty" }],
  ["is forbidden", { kind: "status", status: 403 }],
  ["is cut off", { kind: "cut", at: 100 }],
] as const;

test.for(BODIES)("changes nothing when the answer for a document %s", async ([, fault]) => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream, { fetch: { retries: 0, idleTimeout: "PT2S" } });
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  for (const path of [/index2\.sjson$/, /agents\.sjson$/]) {
    upstream.publish(after);
    upstream.fault(path, fault);
    await expect(mirror.sync()).rejects.toMatchObject({
      code: expect.stringMatching(/^JAM_(UPSTREAM|METADATA)_/),
    });
    expect((await mirror.published()).fingerprint).toBe(fingerprint);
    upstream.clearFaults();
  }
});

test("a contradiction takes nothing away that is held", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const path = [...before.items.keys()].find((one) => one.includes("3.6.26")) ?? "";
  upstream.publish(await withFields((item) => (item["path"] = path)));
  const report = await mirror.sync();
  expect(report.outcome).toBe("partial");
  expect(report.failed.map(({ code }) => code)).toContain("JAM_METADATA_CONFLICT");
  expect((await mirror.published()).agents).toEqual([GOOD]);
  expect(await readdir(join(mirror.data, "partial"))).toEqual([]);
});
