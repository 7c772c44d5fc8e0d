/** Notes in the form in which earlier versions wrote them: data directories outlive the program. */
import { expect, test } from "vitest";
import { recallBundle } from "../../../src/bundle/create/created-bundles.ts";
import { nameManifest, formatManifest } from "../../../src/bundle/format/manifest.ts";
import { readParts, readPending } from "../../../src/bundle/import/pending-bundles.ts";
import { readImportRecords } from "../../../src/bundle/inventory/import-records.ts";
import { readSites } from "../../../src/bundle/site/sites.ts";
import { adviceOf } from "../../../src/mirror/knowledge.ts";
import { readKeptPlans } from "../../../src/mirror/kept-plans.ts";
import { readPins, readRefusedContents } from "../../../src/mirror/pins.ts";
import { readUpstreamState } from "../../../src/mirror/upstream-state.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { documentsOf } from "../../helpers/memory-documents.ts";

const HASH = sha256Of("content");
const BUNDLE = "20261127T201500Z-1a2b3c4d5e6f";
const INDEX = {
  path: "streams/v1/index2.sjson",
  url: "http://sample.invalid/streams/v1/index2.sjson",
  sha256: HASH,
};

test("what was accepted of upstreams, with and without further ones", async () => {
  const accepted = {
    ...INDEX,
    validators: { etag: '"1"', lastModified: "Mon, 23 Nov 2026 12:00:00 GMT" },
    updatedAt: "2026-11-23T12:00:00.000Z",
    signedBy: "AB12",
    signedAt: "2026-11-23T12:00:01.000Z",
    rules: 2,
  };
  const text = (further: object) =>
    `${JSON.stringify({ format: "jam-upstream-memory:1", documents: [accepted], ...further }, null, 1)}\n`;
  const plain = documentsOf({ "upstream-memory.json": text({}) });
  expect(await readUpstreamState(plain.documents, undefined)).toEqual({
    documents: new Map([[INDEX.path, accepted]]),
    further: new Map(),
  });
  const rows = [{ upstream: "http://other.invalid/", documents: [{ ...INDEX, validators: {} }] }];
  const further = documentsOf({ "upstream-memory.json": text({ further: rows }) });
  expect((await readUpstreamState(further.documents, undefined)).further).toEqual(
    new Map([["http://other.invalid/", [{ ...INDEX, validators: {} }]]]),
  );
});

test("pins of several owners, and when refused contents came", async () => {
  const other = sha256Of("other");
  const { documents } = documentsOf({
    [`pins-bundle-${BUNDLE}.json`]: `{\n "format": "jam-pins:1",\n "contents": [\n  "${HASH}"\n ]\n}\n`,
    [`pins-bundle-${BUNDLE}-parts.json`]: `{\n "format": "jam-pins:1",\n "contents": [\n  "${other}"\n ]\n}\n`,
    "refused-contents.json": `{"format":"jam-refused-contents:1","contents":[["${HASH}","2026-11-27T20:15:00.000Z"]]}\n`,
  });
  expect([...(await readPins(documents))].sort()).toEqual([HASH, other].sort());
  expect([...(await readRefusedContents(documents))]).toEqual([[HASH, new Date("2026-11-27T20:15:00Z")]]);
});

test("what plans asked for, and the advice of the last bundle", async () => {
  const advice = {
    from: "*",
    to: "3.6.7",
    severity: "block",
    reason: "breaks",
    link: "https://example.org/1",
  };
  const { documents } = documentsOf({
    "kept-plans.json":
      '{\n "format": "jam-kept-plans:1",\n "agents": ["3.6.5-ubuntu-amd64"],\n "streams": ["released"]\n}\n',
    "carried-advice.json": `${JSON.stringify({ format: "jam-carried-advice:1", bundle: BUNDLE, advice: [advice] }, undefined, 1)}\n`,
  });
  expect(await readKeptPlans(documents)).toEqual({ agents: ["3.6.5-ubuntu-amd64"], streams: ["released"] });
  expect(await adviceOf(documents, [])).toEqual([{ ...advice, origin: `bundle ${BUNDLE}` }]);
});

test("bundles that were made, that wait with parts of contents, and that were imported", async () => {
  const manifest = nameManifest({
    createdAt: "2026-11-27T20:15:00.000Z",
    snapshot: "20261127T201500Z-1a2b3c4d",
    scope: "mirror",
    selection: "everything that the mirror lists",
    proofs: [
      { name: "sample", url: "http://sample.invalid/", verified: true, documents: [{ ...INDEX, size: 9 }] },
    ],
    catalogue: [{ path: "agent/a.tgz", size: 5, sha256: sha256Of("a"), agents: ["3.6.5-ubuntu-amd64"] }],
    baseline: [],
    missing: [],
    advice: [],
  });
  const written = Buffer.from(formatManifest(manifest)).toString("utf8");
  const rest = { manifestBytes: 400, signatureBytes: 0, signedBy: null, volumeSize: 1000 };
  const part = { content: sha256Of("a"), offset: 0, length: 3, sha256: HASH };
  const record = {
    bundle: manifest.id,
    createdAt: manifest.createdAt,
    importedAt: "2026-11-28T08:00:00.000Z",
    signedBy: "AB12",
    scope: "mirror",
    contents: [HASH],
  };
  const { documents } = documentsOf({
    [`created-bundle-${manifest.id}.json`]: `${JSON.stringify({ format: "jam-created-bundle:1", manifest: written, signature: null })}\n`,
    [`pending-bundle-${manifest.id}.json`]: `${JSON.stringify({ format: "jam-pending-bundle:1", manifest: JSON.stringify(manifest), ...rest })}\n`,
    // This one had no format.
    [`pending-parts-${manifest.id}.json`]: `${JSON.stringify([part])}\n`,
    "imported-bundles.json": `${JSON.stringify({ format: "jam-imported-bundles:1", imports: [record] }, null, 1)}\n`,
  });
  const made = await recallBundle(documents, manifest.id);
  expect(made?.manifest).toEqual(manifest);
  expect(Buffer.from(made?.manifestBytes ?? []).toString("utf8")).toBe(written);
  expect(await readPending(documents)).toEqual([{ manifest, ...rest }]);
  expect(await readParts(documents, manifest.id)).toEqual([part]);
  expect(await readImportRecords(documents)).toEqual([record]);
});

test("sites and their last receipts", async () => {
  const receipt = {
    format: "jam-receipt:1",
    site: "plant-7",
    createdAt: "2026-11-28T08:00:00.000Z",
    snapshot: null,
    bundles: [BUNDLE],
    held: [{ bundle: 0, contents: ["AAAAAAAABBBBBBBB"] }],
    agents: 1,
    bytes: 5,
  };
  const site = {
    name: "plant-7",
    receivedAt: "2026-11-28T09:00:00.000Z",
    signedBy: null,
    receipt,
    text: "…",
  };
  const { documents } = documentsOf({
    "site-plant-7.json": `${JSON.stringify({ format: "jam-site:1", ...site }, null, 1)}\n`,
    "site-damaged.json": "{",
  });
  expect(await readSites(documents)).toEqual([site]);
});
