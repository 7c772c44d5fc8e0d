/** Manifests that a trusted key signed and that say what cannot be, or more than anybody can want to read. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { idOf, type BundleManifest, type CatalogueRow } from "../../../src/bundle/format/manifest.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { tarArchive, type TarPart } from "../../fuzz/bundle/tar-parts.ts";
import {
  hostileWorld,
  withLabel,
  withPart,
  type AttackOptions,
  type HostileWorld,
} from "../../helpers/hostile-bundle.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await hostileWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const MALFORMED = { code: "JAM_BUNDLE_MALFORMED", status: 4 };
const [MANIFEST, SIGNATURE] = [1, 2];

/** The good volume with this text as its manifest, signed by the maker, and a label for it. */
async function partsSaying(text: string | Uint8Array, id = world.good.manifest.id): Promise<TarPart[]> {
  const body = Buffer.from(text);
  const signature = Buffer.from(await world.maker.signDetached(body, new Date()));
  const parts = withLabel(await world.parts(), { bundle: id });
  return withPart(withPart(parts, MANIFEST, { body }), SIGNATURE, { body: signature });
}

/** The good manifest as JSON with `changes` that its id follows. */
function changedJson(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const manifest = { ...world.good.manifest, ...changes } as BundleManifest;
  const id = "id" in changes || "createdAt" in changes ? manifest.id : idOf(manifest);
  return { ...manifest, id };
}

async function attackWith(changes: Readonly<Record<string, unknown>>, options: AttackOptions = {}) {
  const manifest = changedJson(changes);
  const parts = await partsSaying(JSON.stringify(manifest), manifest["id"] as string);
  return world.attack([tarArchive(parts)], options);
}

test("a manifest with other words is taken in, so that what follows fails for its own reason", async () => {
  const advice = [anAdvice({})];
  for (const changes of [
    { selection: "what a fleet can still need" },
    { advice },
    withDocument({ url: "x" }),
  ])
    expect(await attackWith(changes, { mayPublish: true })).toEqual({ code: undefined, status: 0 });
});

function withRow(changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [first, ...others] = world.good.manifest.catalogue;
  return { catalogue: [{ ...first, ...changes }, ...others] };
}

function withDocument(changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [set] = world.good.manifest.proofs;
  const [first, ...others] = set?.documents ?? [];
  return { proofs: [{ ...set, documents: [{ ...first, ...changes }, ...others] }] };
}

const SPOOFS = {
  "a NUL": "a\0b",
  "a terminal escape": "\u{1b}[2J\u{1b}]0;owned\u{7}",
  "an 8-bit escape": "\u{9b}2J",
  "text turned round": "\u{202e}evil",
  "isolated text": "\u{2066}evil\u{2069}",
  "a line feed": "good\nerror: evil",
  "a carriage return": "good\revil",
};

describe("a field that holds what it must not is refused", () => {
  test.for<[string, () => Readonly<Record<string, unknown>>]>([
    ["an unknown key", () => ({ extra: 1 })],
    ["an unknown key in a row", () => withRow({ extra: 1 })],
    ["an unknown key in a document", () => withDocument({ extra: 1 })],
    ["a missing key", () => ({ missing: undefined })],
    ["another id", () => ({ id: "20261127T000000Z-000000000000" })],
    ["an id that is a path", () => ({ id: "../../../etc/passwd" })],
    ["a catalogue that is no list", () => ({ catalogue: {} })],
    ["a row that is null", () => ({ catalogue: [null] })],
    ["no proofs", () => ({ proofs: [] })],
    ["a path that climbs", () => withRow({ path: "../x" })],
    ["an absolute path", () => withRow({ path: "/etc/passwd" })],
    ["a path with backslashes", () => withRow({ path: "agent\\..\\x" })],
    ["a path among the metadata", () => withRow({ path: "streams/v1/index2.json" })],
    ["a path with a NUL", () => withRow({ path: "agent/a\0.tgz" })],
    ["a path of look-alikes", () => withRow({ path: "\u{430}gent/a.tgz" })],
    ["a document's path that climbs", () => withDocument({ path: "../../state/x.json" })],
    ["a size of 0", () => withRow({ size: 0 })],
    ["a negative size", () => withRow({ size: -1 })],
    ["half a byte", () => withRow({ size: 1.5 })],
    ["a size beyond numbers", () => withRow({ size: 2 ** 60 })],
    ["a size as text", () => withRow({ size: "100" })],
    ["a huge document", () => withDocument({ size: 2 ** 40 })],
    ["a hash that is none", () => withRow({ sha256: "../../x" })],
    ["a hash in capitals", () => withRow({ sha256: "A".repeat(64) })],
    ["no agents", () => withRow({ agents: [] })],
    ["an agent of look-alikes", () => withRow({ agents: ["3.6.26-ubuntu-\u{430}md64"] })],
    ["an agent that is a path", () => withRow({ agents: ["../3.6.26-ubuntu-amd64"] })],
    ["an agent with an escape", () => withRow({ agents: ["3.6.26-ubuntu-\u{1b}[31mamd64"] })],
    ["a selection of 1 MB", () => ({ selection: "x".repeat(1_000_000) })],
    ["a date that is none", () => ({ createdAt: "yesterday" })],
    ["a date that cannot be", () => ({ createdAt: "2026-02-31T00:00:00Z" })],
    ["a date with a zone", () => ({ createdAt: "2026-11-27T00:00:00+02:00" })],
    ["a date in a document that is none", () => withDocument({ updatedAt: "1e309" })],
    ["a scope that is none", () => ({ scope: "everything" })],
    ["a snapshot that is a path", () => ({ snapshot: "../x" })],
    ["advice with a script as its link", () => ({ advice: [anAdvice({ link: "javascript:alert(1)" })] })],
    ["advice with markup in its link", () => ({ advice: [anAdvice({ link: 'https://x/"><script>' })] })],
    ["advice for no range", () => ({ advice: [anAdvice({ to: "%" })] })],
    ["a baseline of an unnameable bundle", () => ({ baseline: [{ bundle: "../x", contents: [] }] })],
  ])("%s", async ([, change]) => {
    expect(await attackWith(change())).toEqual(MALFORMED);
  });

  test.for(Object.entries(SPOOFS))("%s in any text for people", async ([, text]) => {
    const [set] = world.good.manifest.proofs;
    for (const changes of [
      { selection: text },
      { proofs: [{ ...set, name: text }] },
      { proofs: [{ ...set, url: `https://upstream.example/${text}` }] },
      withDocument({ url: text }),
      withDocument({ signedBy: text }),
      { missing: [{ agent: text, reason: "" }] },
      { missing: [{ agent: "3.6.1-ubuntu-amd64", reason: text }] },
      { advice: [anAdvice({ reason: text })] },
      { advice: [anAdvice({ link: `https://example.org/${text}` })] },
    ])
      expect([changes, await attackWith(changes)]).toEqual([changes, MALFORMED]);
  });
});

function anAdvice(changes: Readonly<Record<string, unknown>>) {
  return { from: "*", to: "3.6.27", severity: "warn", reason: "odd", ...changes };
}

const twice = (changes: Partial<CatalogueRow>) => {
  const rows = world.good.manifest.catalogue;
  return { catalogue: [...rows, { ...(rows[0] as CatalogueRow), ...changes }] };
};

describe("fields that are right one by one and contradict each other are refused", () => {
  test.for<[string, () => Readonly<Record<string, unknown>>]>([
    ["a path twice", () => twice({ agents: ["3.6.99-ubuntu-amd64"] })],
    ["an agent twice", () => twice({ path: "agent/other.tgz" })],
    ["an agent twice in a row", () => withRow({ agents: ["3.6.26-ubuntu-amd64", "3.6.26-ubuntu-amd64"] })],
    ["a hash with two sizes", () => twice({ path: "agent/o.tgz", agents: ["3.6.99-ubuntu-amd64"], size: 1 })],
    [
      "a document that is a tarball",
      () => {
        const document = world.good.manifest.proofs[0]?.documents[0];
        return withRow({ sha256: document?.sha256, size: document?.size });
      },
    ],
    [
      "two documents of one path in a proof",
      () => withDocument({ path: world.good.manifest.proofs[0]?.documents[1]?.path }),
    ],
  ])("%s", async ([, change]) => {
    expect(await attackWith(change())).toEqual(MALFORMED);
  });
});

const edited = (edit: (text: string) => string) => () =>
  edit(JSON.stringify(world.good.manifest, undefined, 1));

describe("JSON that readers could take for different things is refused", () => {
  test.for<[string, () => string | Uint8Array]>([
    ["a key twice", edited((text) => text.replace('"scope":', '"scope": "selection",\n "scope":'))],
    [
      "an escaped key twice",
      edited((text) => text.replace('"scope":', '"sc\\u006fpe": "selection",\n "scope":')),
    ],
    ["__proto__", edited((text) => text.replace("{", '{"__proto__": {"scope": "mirror"},'))],
    ["constructor in a row", edited((text) => text.replace('"path":', '"constructor": 1, "path":'))],
    ["a byte order mark", edited((text) => `\u{feff}${text}`)],
    ["text behind it", edited((text) => `${text}{}`)],
    ["a comment", edited((text) => `/* */${text}`)],
    ["a list", () => "[]"],
    ["null", () => "null"],
    ["nothing but blanks", () => " ".repeat(1000)],
    [
      "broken UTF-8",
      () => Buffer.concat([Buffer.from('{"a": "'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    ],
    ["UTF-16", () => Buffer.from(JSON.stringify(world.good.manifest), "utf16le")],
    ["a lone surrogate", edited((text) => text.replace("everything", "\\ud800"))],
    ["half of it", edited((text) => text.slice(0, text.length / 2))],
    ["half of it up to a row", edited((text) => text.slice(0, text.indexOf('"agents"')))],
    ["a number beyond numbers", edited((text) => text.replace(/"size": \d+/, '"size": 1e309'))],
    ["minus zero", edited((text) => text.replace(/"size": \d+/, '"size": -0'))],
    ["a bomb of depth", () => `{"a":${"[".repeat(1_000_000)}`],
    ["a bomb of objects in depth", () => '{"a":'.repeat(200_000)],
  ])("%s", async ([, text]) => {
    expect(await world.attack([tarArchive(await partsSaying(text()))])).toEqual(MALFORMED);
  });

  test("a format that is no jam bundle's is malformed, one of a newer jam is named", async () => {
    expect(await attackWith({ format: "jam-bundle:one" })).toEqual(MALFORMED);
    expect(await attackWith({ format: 1 })).toEqual(MALFORMED);
    // Exactly bundles with the history of a channel have it.
    expect(await attackWith({ format: "jam-bundle:2" })).toEqual(MALFORMED);
    expect(await attackWith({ format: "jam-bundle:3" })).toEqual({ code: "JAM_BUNDLE_FORMAT", status: 2 });
  });
});

const filled = (piece: string) => {
  const count = Math.floor((31 * 2 ** 20) / (piece.length + 1));
  return JSON.stringify(world.good.manifest).replace(
    '"catalogue":[',
    `"catalogue":[${`${piece},`.repeat(count)}`,
  );
};

const row = (index: number) =>
  `{"path":"a/${index}","size":1,"sha256":"${sha256Of(String(index))}","agents":["3.6.1-ubuntu-a${index}"]}`;

describe("manifests of the largest size are refused in little time and memory", () => {
  test.for<[string, () => string]>([
    ["empty rows", () => filled("{}")],
    ["empty lists", () => filled("[]")],
    ["numbers", () => filled("1")],
    ["texts", () => filled('"aa"')],
    ["long texts", () => filled(`"${"a".repeat(1000)}"`)],
    ["rows without fields", () => filled(`{"path":"${"a".repeat(200)}"}`)],
    ["a million unknown keys", () => `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join()}}`],
    [
      "a million agents in a row",
      () =>
        JSON.stringify(changedJson(withRow({ agents: [] }))).replace(
          '"agents":[]',
          `"agents":[${Array.from({ length: 1_000_000 }, (_, i) => `"3.6.1-ubuntu-a${i}"`).join()}]`,
        ),
    ],
    [
      "rows beyond the limit",
      () =>
        JSON.stringify(world.good.manifest).replace(
          '"catalogue":[',
          `"catalogue":[${Array.from({ length: 180_000 }, (_, i) => row(i)).join()},`,
        ),
    ],
  ])("%s", async ([, make]) => {
    const archive = tarArchive(await partsSaying(make()));
    const started = performance.now();
    const before = process.memoryUsage.rss();
    expect(await world.attack([archive])).toEqual(MALFORMED);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 2 ** 20);
  });
});
