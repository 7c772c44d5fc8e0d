import { expect, test } from "vitest";
import { formatPage } from "../../../src/bundle/create/manifest-page.ts";
import { bundleFiles } from "../../../src/bundle/format/bundle-files.ts";
import { nameManifest } from "../../../src/bundle/format/manifest.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";

const hash = sha256Of("a");

function pageOf(changes: object = {}): string {
  const manifest = nameManifest({
    createdAt: "2026-11-27T20:15:00.000Z",
    snapshot: "20261127T201500Z-1a2b3c4d",
    scope: "mirror",
    selection: "everything that the mirror lists",
    proofs: [{ name: "canonical", url: "https://streams.example/", verified: true, documents: [] }],
    catalogue: [
      { path: "a.tgz", size: 10, sha256: hash, agents: ["3.6.5-ubuntu-amd64", "3.6.5-ubuntu-arm64"] },
      {
        path: "b.tgz",
        size: 10,
        sha256: sha256Of("b"),
        agents: ["3.6.10-ubuntu-amd64", "3.6.10-ubuntu-arm64"],
      },
    ],
    baseline: [],
    missing: [],
    advice: [],
    ...changes,
  });
  const volumes = [{ name: "x.tar", size: 10_240, sha256: hash }];
  const signedBy = { fingerprint: "ABCD".repeat(10), userId: "near <side>" };
  return formatPage({ manifest, volumes, signedBy, files: bundleFiles("x", 1) });
}

test("says what is on the media, who signed, and how to check it", () => {
  const page = pageOf();
  for (const text of [
    hash,
    "10240",
    "ABCD ABCD",
    "sha256sum -c SHA256SUMS",
    "gpg --verify",
    "jam bundle import",
  ]) {
    expect(page).toContain(text);
  }
  expect(page).toContain("<td>amd64, arm64<td>3.6.10, 3.6.5");
});

test("says loudly what is not verified or left out", () => {
  const proofs = [{ name: "n", url: "https://streams.example/", verified: false, documents: [] }];
  const missing = [{ agent: "3.6.4-ubuntu-amd64", reason: "gone" }];
  const page = pageOf({ proofs, missing });
  expect(page).toContain("NOT VERIFIED");
  expect(page).toContain("3.6.4-ubuntu-amd64");
});

test("shows text from outside as text", () => {
  const page = pageOf({ selection: `<script>alert("1")</script>&` });
  expect(page).not.toContain("<script");
  expect(page).not.toContain("near <side>");
});
