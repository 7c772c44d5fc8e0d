import { expect, test } from "vitest";
import { nameManifest } from "../../../src/bundle/format/manifest.ts";
import { describeMissing } from "../../../src/bundle/import/missing.ts";
import { parseSha256, type Sha256 } from "../../../src/shared/sha256.ts";

const hash = (index: number) => parseSha256(index.toString(16).padStart(64, "0")) as Sha256;

test("a bundle of the largest size, all of which is missing, is described within the time of a test", () => {
  const catalogue = Array.from({ length: 100_000 }, (_, index) => ({
    path: `agent/${index}.tgz`,
    size: 1000,
    sha256: hash(index),
    agents: [`3.6.1-ubuntu-a${index}`],
  }));
  const manifest = nameManifest({
    createdAt: "2026-11-27T20:15:00.000Z",
    snapshot: "20261127T201500Z-1a2b3c4d",
    scope: "mirror",
    selection: "everything that the mirror lists",
    proofs: [],
    catalogue,
    baseline: [],
    missing: [],
    advice: [],
  });
  const bundle = { manifest, manifestBytes: 2 ** 24, signatureBytes: 300, signedBy: null, volumeSize: null };
  const missing = describeMissing(
    bundle,
    catalogue.map(({ sha256, size }) => ({ kind: "tarball", sha256, size })),
  );
  expect(missing).toHaveLength(100_000);
  expect(missing.at(-1)).toMatchObject({ path: "agent/99999.tgz", volumes: [1] });
});

test("a volume is not asked for again when all that it holds of a content is here", () => {
  const manifest = nameManifest({
    createdAt: "2026-11-27T20:15:00.000Z",
    snapshot: "20261127T201500Z-1a2b3c4d",
    scope: "mirror",
    selection: "everything that the mirror lists",
    proofs: [],
    catalogue: [{ path: "agent/1.tgz", size: 10_000, sha256: hash(1), agents: ["3.6.1-ubuntu-amd64"] }],
    baseline: [],
    missing: [],
    advice: [],
  });
  const bundle = { manifest, manifestBytes: 512, signatureBytes: 0, signedBy: null, volumeSize: 8192 };
  const content = { kind: "tarball" as const, sha256: hash(1), size: 10_000 };
  const part = { content: hash(1), offset: 0, length: 4096, sha256: hash(2) };
  const [all] = describeMissing(bundle, [content]);
  const [left] = describeMissing(bundle, [content], [part]);
  expect(all).toMatchObject({ volumes: [1, 2, 3] });
  expect(left).toMatchObject({ volumes: [2, 3] });
});
