import { describe, expect, test } from "vitest";
import type { BundledContent } from "../../../src/bundle/format/manifest.ts";
import {
  parseVolumeSize,
  planVolumes,
  TAR_BLOCK,
  toBlocks,
  VOLUME_PRESETS,
  type LayoutInput,
} from "../../../src/bundle/format/volume-plan.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { fc, test as property } from "../../helpers/property.ts";

function content(size: number, index: number): BundledContent {
  return { kind: index % 3 === 0 ? "document" : "tarball", sha256: sha256Of(String(index)), size };
}

const layouts = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 40 }),
    manifestBytes: fc.integer({ min: 1, max: 20_000 }),
    signatureBytes: fc.constantFrom(0, 228, 833),
    blocks: fc.integer({ min: 16, max: 200 }),
  })
  .map(({ sizes, manifestBytes, signatureBytes, blocks }): LayoutInput => {
    const head = 4 * TAR_BLOCK + toBlocks(manifestBytes) + TAR_BLOCK + toBlocks(signatureBytes);
    return {
      contents: sizes.map(content),
      manifestBytes,
      signatureBytes,
      volumeSize: head + 2 * TAR_BLOCK + blocks * TAR_BLOCK,
    };
  });

describe("planVolumes", () => {
  property.prop([layouts])("fills every volume but the last to its last byte", (layout) => {
    const volumes = planVolumes(layout);
    for (const { bytes } of volumes.slice(0, -1)) expect(bytes).toBe(layout.volumeSize);
    const last = volumes.at(-1);
    expect(last?.bytes).toBeLessThanOrEqual(layout.volumeSize as number);
    expect((last?.bytes ?? 1) % TAR_BLOCK).toBe(0);
  });

  property.prop([layouts])("places every byte of every content once, in order", (layout) => {
    const slices = planVolumes(layout).flatMap((volume) => volume.slices);
    const reached = new Map<string, number>();
    for (const { content, offset, length } of slices) {
      expect(length).toBeGreaterThan(0);
      expect(offset).toBe(reached.get(content.sha256) ?? 0);
      reached.set(content.sha256, offset + length);
    }
    expect([...reached]).toEqual(layout.contents.map(({ sha256, size }) => [sha256, size]));
  });

  property.prop([layouts])("has parts of contents at the ends of a volume only", (layout) => {
    for (const { slices } of planVolumes(layout)) {
      const inner = slices.slice(1, -1);
      expect(inner.every(({ content, length }) => length === content.size)).toBe(true);
    }
  });

  property.prop([layouts])("leaves no volume empty and holds what it says", (layout) => {
    const { manifestBytes, signatureBytes } = layout;
    const signature = signatureBytes === 0 ? 0 : TAR_BLOCK + toBlocks(signatureBytes);
    const head = 3 * TAR_BLOCK + TAR_BLOCK + toBlocks(manifestBytes) + signature;
    for (const { slices, bytes } of planVolumes(layout)) {
      expect(slices.length).toBeGreaterThan(0);
      const body = slices.reduce((sum, { length }) => sum + TAR_BLOCK + toBlocks(length), 0);
      expect(bytes - head - body).toBeGreaterThanOrEqual(2 * TAR_BLOCK);
    }
  });

  property.prop([layouts])("holds everything in one volume without a size", (layout) => {
    const [single, ...others] = planVolumes({ ...layout, volumeSize: undefined });
    expect(others).toEqual([]);
    expect(single?.slices.map(({ length }) => length)).toEqual(layout.contents.map(({ size }) => size));
  });

  test.for([
    ["no room behind the head", 4096],
    ["not whole blocks", 100_001],
    ["nothing", 0],
    ["volumes without number", 9_216],
  ] as const)("refuses a size with %s, and says which would do", ([, volumeSize]) => {
    const contents = [content(50_000_000, 1)];
    const layout = { contents, manifestBytes: 3000, signatureBytes: 228, volumeSize };
    expect(() => planVolumes(layout)).toThrow(
      expect.objectContaining({
        code: "JAM_USAGE_INVALID",
        hint: expect.stringMatching(/at least .* bytes/),
      }),
    );
    const [, smallest] = /\((\d+) bytes\)/.exec(hintOf(() => planVolumes(layout))) ?? [];
    expect(planVolumes({ ...layout, volumeSize: Number(smallest) }).length).toBeGreaterThan(1);
  });
});

function hintOf(run: () => unknown): string {
  try {
    run();
    return "";
  } catch (error) {
    return (error as { hint?: string }).hint ?? "";
  }
}

describe("parseVolumeSize", () => {
  test.for([
    ["4300MiB", 4300 * 2 ** 20],
    ["dvd", VOLUME_PRESETS["dvd"]],
    ["FAT32", VOLUME_PRESETS["fat32"]],
    ["1000", 512],
    ["1MB", 999_936],
    ["", undefined],
    ["large", undefined],
    ["-5", undefined],
  ] as const)("reads %s", ([text, bytes]) => {
    expect(parseVolumeSize(text)).toBe(bytes);
  });

  test("has presets that fit their media", () => {
    expect(VOLUME_PRESETS["dvd"]).toBeLessThan(4_700_372_992);
    expect(VOLUME_PRESETS["bd"]).toBeLessThan(25_025_314_816);
    expect(VOLUME_PRESETS["fat32"]).toBeLessThan(2 ** 32);
  });
});
