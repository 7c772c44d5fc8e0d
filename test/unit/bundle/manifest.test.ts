import { describe, expect, test } from "vitest";
import {
  carriedContents,
  formatManifest,
  nameManifest,
  type BundleManifest,
  type UnnamedManifest,
} from "../../../src/bundle/format/manifest.ts";
import { parseManifest } from "../../../src/bundle/format/parse-manifest.ts";
import { formatLabel, parseLabel, VOLUME_FORMAT } from "../../../src/bundle/format/volume-label.ts";
import { LABEL_BYTES } from "../../../src/bundle/format/volume-plan.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { fc, test as property } from "../../helpers/property.ts";

const hash = (text: string) => sha256Of(text);

const SAMPLE: UnnamedManifest = {
  createdAt: "2026-11-27T20:15:00.000Z",
  snapshot: "20261127T201500Z-1a2b3c4d",
  scope: "mirror",
  selection: "everything that the mirror lists",
  proofs: [
    {
      name: "canonical",
      url: "https://streams.example/juju/tools/",
      verified: true,
      documents: [
        {
          path: "streams/v1/index2.sjson",
          url: "https://streams.example/x",
          sha256: hash("index"),
          size: 100,
        },
      ],
    },
  ],
  catalogue: [
    { path: "agent/3.6.5/a.tgz", size: 500, sha256: hash("a"), agents: ["3.6.5-ubuntu-amd64"] },
    {
      path: "agent/3.6.5/b.tgz",
      size: 600,
      sha256: hash("b"),
      agents: ["3.6.5-ubuntu-arm64", "3.6.5-ubuntu-s390x"],
    },
  ],
  baseline: [{ bundle: "20261101T201500Z-1a2b3c4d5e6f", contents: [hash("a")] }],
  missing: [{ agent: "3.6.4-ubuntu-amd64", reason: "its tarball is not held" }],
  advice: [{ from: "*", to: "3.6.7", severity: "warn", reason: "…", link: "https://example.org/1" }],
};

function bytesOf(manifest: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(manifest));
}

/** A manifest with changes that its id follows. */
function changed(changes: Partial<UnnamedManifest>): BundleManifest {
  return nameManifest({ ...SAMPLE, ...changes });
}

describe("a manifest", () => {
  test("is read as it was written", () => {
    const manifest = nameManifest(SAMPLE);
    expect(parseManifest(formatManifest(manifest), "x.tar")).toEqual(manifest);
  });

  test("is named after when it was made and what is in it", () => {
    expect(nameManifest(SAMPLE).id).toMatch(/^20261127T201500Z-[0-9a-f]{12}$/);
    expect(nameManifest(SAMPLE).id).toBe(nameManifest({ ...SAMPLE }).id);
    expect(changed({ scope: "selection" }).id).not.toBe(nameManifest(SAMPLE).id);
  });

  test("carries documents first, each content once, and nothing of the baseline", () => {
    const twice = [
      ...SAMPLE.catalogue,
      { ...SAMPLE.catalogue[1], path: "agent/copy.tgz", agents: ["3.6.5-centos-amd64"] },
    ];
    const carried = carriedContents(changed({ catalogue: twice as UnnamedManifest["catalogue"] }));
    expect(carried).toEqual([
      { kind: "document", sha256: hash("index"), size: 100 },
      { kind: "tarball", sha256: hash("b"), size: 600 },
    ]);
  });

  test.for([
    [
      "another content than its id says",
      { ...nameManifest(SAMPLE), scope: "selection" },
      /does not match its id/,
    ],
    ["an unknown key", { ...nameManifest(SAMPLE), extra: 1 }, /extra/],
    ["a path that leads out", changed({ catalogue: [{ ...row(), path: "../x.tgz" }] }), /catalogue\/0\/path/],
    [
      "a path among the metadata",
      changed({ catalogue: [{ ...row(), path: "streams/v1/x" }] }),
      /below the base/,
    ],
    [
      "one path twice",
      changed({ catalogue: [row(), { ...row(), agents: ["3.6.5-ubuntu-arm64"] }] }),
      /listed twice/,
    ],
    ["one agent twice", changed({ catalogue: [row(), { ...row(), path: "agent/y.tgz" }] }), /listed twice/],
    [
      "one hash with two sizes",
      changed({ catalogue: [row(), { ...row(), path: "y.tgz", size: 1, agents: ["3.6.6-ubuntu-amd64"] }] }),
      /two sizes/,
    ],
    [
      "a document that is a tarball",
      changed({ catalogue: [{ ...row(), sha256: hash("index"), size: 100 }] }),
      /document and a tarball/,
    ],
    ["a size of nothing", changed({ catalogue: [{ ...row(), size: 0 }] }), /size/],
    ["a size of text", changed({ catalogue: [{ ...row(), size: "5" as unknown as number }] }), /size/],
    ["an agent of no name", changed({ catalogue: [{ ...row(), agents: ["3.6.5"] }] }), /agents/],
    [
      "an agent with a terminal's escape",
      changed({ catalogue: [{ ...row(), agents: ["3.6.5-ub\u{1b}[31m-amd64"] }] }),
      /agents/,
    ],
    [
      "a version that Juju cannot read",
      changed({ catalogue: [{ ...row(), agents: ["3.6.5.4.3-ubuntu-amd64"] }] }),
      /agents/,
    ],
    ["no proof", changed({ proofs: [] }), /proofs/],
    ["a date that is none", changed({ createdAt: "yesterday" }), /createdAt|id/],
    [
      "advice on no range",
      changed({ advice: [{ from: "newer than that", to: "3", severity: "warn", reason: "r" }] }),
      /advice/,
    ],
  ] as const)("with %s is refused by place", ([, value, message]) => {
    expect(() => parseManifest(bytesOf(value), "x.tar")).toThrow(
      expect.objectContaining({ code: "JAM_BUNDLE_MALFORMED", message: expect.stringMatching(message) }),
    );
  });

  test.for([
    ["empty bytes", ""],
    ["a list", "[]"],
    [
      "half of one",
      Buffer.from(formatManifest(nameManifest(SAMPLE)))
        .toString()
        .slice(0, 300),
    ],
    ["a key twice", `{"format":"jam-bundle:1","format":"jam-bundle:1"}`],
    ["broken UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["a login page", "<html>"],
    ["another document of ours", `{"format":"jam-plan:1"}`],
  ] as const)("that is %s is refused", ([, bytes]) => {
    expect(() => parseManifest(Buffer.from(bytes), "x.tar")).toThrow(
      expect.objectContaining({ code: "JAM_BUNDLE_MALFORMED", message: expect.stringMatching(/^x\.tar: /) }),
    );
  });

  test("of a newer jam is called that", () => {
    expect(() => parseManifest(bytesOf({ format: "jam-bundle:3" }), "x.tar")).toThrow(
      expect.objectContaining({ code: "JAM_BUNDLE_FORMAT" }),
    );
  });

  property.prop([fc.json()])("never fails with anything but a code of its own", (text) => {
    expect(() => parseManifest(Buffer.from(text), "x.tar")).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^JAM_BUNDLE_(MALFORMED|FORMAT)$/) }),
    );
  });
});

function row(): UnnamedManifest["catalogue"][number] {
  return SAMPLE.catalogue[0] as UnnamedManifest["catalogue"][number];
}

describe("a label", () => {
  const label = {
    format: VOLUME_FORMAT,
    bundle: nameManifest(SAMPLE).id,
    number: 2,
    count: 10_000,
    volumeSize: 25_025_314_816,
    firstPart: hash("first"),
    lastPart: hash("last"),
  } as const;

  test("has one size, whatever it says, and is read as it was written", () => {
    for (const one of [label, { ...label, volumeSize: null, firstPart: null, lastPart: null, count: 2 }]) {
      expect(formatLabel(one).length).toBe(LABEL_BYTES);
      expect(parseLabel(formatLabel(one), "x.tar")).toEqual(one);
    }
  });

  test("of a newer jam is called that", () => {
    expect(() => parseLabel(bytesOf({ format: "jam-volume:2", more: true }), "x.tar")).toThrow(
      expect.objectContaining({ code: "JAM_BUNDLE_FORMAT" }),
    );
  });

  test.for([
    ["a number above its count", { ...label, count: 1 }],
    ["number 0", { ...label, number: 0 }],
    ["too many volumes", { ...label, count: 10_001 }],
    ["a size that is no whole blocks", { ...label, volumeSize: 1000 }],
    ["an unknown key", { ...label, path: "../../x" }],
    ["a format of another kind", { ...label, format: "jam-bundle:1" }],
  ] as const)("with %s is refused", ([, value]) => {
    expect(() => parseLabel(bytesOf(value), "x.tar")).toThrow(
      expect.objectContaining({ code: "JAM_BUNDLE_MALFORMED" }),
    );
  });
});
