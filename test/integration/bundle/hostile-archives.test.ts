/** Archives that are no volumes of a bundle, though the manifest in them is signed by a trusted key. */
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultsInStore } from "../../fuzz/bundle/folder-state.ts";
import { tarArchive, tarHeader, tarPart, TAR_END, type TarPart } from "../../fuzz/bundle/tar-parts.ts";
import { goodArchive, hostileWorld, withPart, type HostileWorld } from "../../helpers/hostile-bundle.ts";
import { codeOf } from "../../helpers/key-folder.ts";
import { oneIn } from "../../helpers/tier.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await hostileWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const MALFORMED = { code: "JAM_BUNDLE_MALFORMED", status: 4 };
const DAMAGED = { code: "JAM_BUNDLE_DAMAGED", status: 4 };

/** Where label, manifest, signature and the first content are. */
const [LABEL, MANIFEST, SIGNATURE, FIRST] = [0, 1, 2, 3];
const EVIL = Buffer.from("evil\n");

/** A number in twelve bytes of base 256. Source: GNU tar manual, "Extensions to the Archive Format" */
function base256(value: bigint): Uint8Array {
  const field = Buffer.alloc(12, value < 0n ? 0xff : 0);
  for (let at = 11, left = value; at > 0; at -= 1, left >>= 8n) field[at] = Number(left & 0xffn);
  field[0] = value < 0n ? 0xff : 0x80;
  return field;
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + String(rest.length + 2).length;
  return `${length}${rest}`;
}

test("the good bundle is taken in, so that what follows fails for its own reason", async () => {
  expect(await world.attack([await goodArchive(world)], { mayPublish: true })).toEqual({
    code: undefined,
    status: 0,
  });
});

describe("no entry but the expected ones is taken, wherever it stands", () => {
  let entries = 0;

  test.for<[string, TarPart | readonly TarPart[]]>([
    ["a path that climbs", { name: "../beside/agents.tgz", body: EVIL }],
    ["a path that climbs from inside", { name: "tarballs/../../../etc/passwd", body: EVIL }],
    ["an absolute path", { name: "/etc/passwd", body: EVIL }],
    ["a path by prefix", { name: "passwd", prefix: "/etc", body: EVIL }],
    ["a drive", { name: "C:evil", body: EVIL }],
    ["a drive and a path", { name: "C:\\Windows\\evil", body: EVIL }],
    ["backslashes", { name: "..\\..\\evil", body: EVIL }],
    ["a terminal escape", { name: "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil", body: EVIL }],
    ["a plain file", { name: "evil", body: EVIL }],
    ["an empty file", { name: "evil" }],
    ["a hard link", { name: "evil", type: "1", linkName: "manifest.json" }],
    ["a symbolic link", { name: "evil", type: "2", linkName: "../beside" }],
    [
      "a symbolic link and a file below it",
      [
        { name: "tarballs", type: "2", linkName: "../beside" },
        { name: "tarballs/agents.tgz", body: EVIL },
      ],
    ],
    ["a character device", { name: "evil", type: "3" }],
    ["a block device", { name: "evil", type: "4" }],
    ["a folder", { name: "tarballs/", type: "5" }],
    ["a folder by its slash", { name: "tarballs/", type: "0" }],
    ["a pipe", { name: "evil", type: "6" }],
    ["a contiguous file", { name: "evil", type: "7", body: EVIL }],
    ["a sparse file", { name: "evil", type: "S", body: EVIL }],
    ["a GNU long name", { name: "././@LongLink", type: "L", body: Buffer.from("../evil\0") }],
    ["a GNU long name without a name", { name: "././@LongLink", type: "L" }],
    ["a GNU long link", { name: "././@LongLink", type: "K", body: Buffer.from("../evil\0") }],
    ["a GNU dump folder", { name: "evil", type: "D", body: EVIL }],
    ["a GNU volume header", { name: "evil", type: "V" }],
    ["a GNU continued file", { name: "evil", type: "M", body: EVIL }],
    ["an unknown type", { name: "evil", type: "Z", body: EVIL }],
    ["a control character as type", { name: "evil", type: "\u{1b}", body: EVIL }],
    ["an old plain file", { name: "evil", type: "\0", magic: "", body: EVIL }],
    ["a pax header with a path", { name: "x", type: "x", body: Buffer.from(paxRecord("path", "../evil")) }],
    ["a pax header with a size", { name: "x", type: "x", body: Buffer.from(paxRecord("size", "1")) }],
    ["a pax header that claims 1 GiB", { name: "x", type: "x", size: 2 ** 30, body: EVIL }],
    ["a pax header that claims nothing", { name: "x", type: "x" }],
    ["a global pax header", { name: "g", type: "g", body: Buffer.from(paxRecord("path", "../evil")) }],
    ["a Solaris pax header", { name: "X", type: "X", body: Buffer.from(paxRecord("path", "../evil")) }],
    ["no name", { name: "", body: EVIL }],
  ])("%s", async ([, entry]) => {
    const extra = [entry].flat();
    const parts = await world.parts();
    const spots = oneIn(3, [LABEL, MANIFEST, SIGNATURE, FIRST, FIRST + 2, parts.length], (entries += 1));
    const ends = [];
    for (const spot of spots) ends.push(await world.attack([tarArchive(parts.toSpliced(spot, 0, ...extra))]));
    expect(ends).toEqual(spots.map(() => MALFORMED));
  });
});

describe("an entry that is not what it should be is refused", () => {
  test.for<[string, (parts: TarPart[]) => TarPart[]]>([
    ["the same slice twice", (parts) => parts.toSpliced(FIRST, 0, parts[FIRST] as TarPart)],
    ["the last slice twice", (parts) => [...parts, parts.at(-1) as TarPart]],
    ["the manifest twice", (parts) => parts.toSpliced(MANIFEST, 0, parts[MANIFEST] as TarPart)],
    ["the signature twice", (parts) => parts.toSpliced(SIGNATURE, 0, parts[SIGNATURE] as TarPart)],
    ["another order", (parts) => [...parts.slice(0, FIRST), ...parts.slice(FIRST).reverse()]],
    [
      "the manifest before the label",
      ([label, manifest, ...rest]) => [manifest, label, ...rest] as TarPart[],
    ],
    ["no label", (parts) => parts.slice(1)],
    ["no manifest", (parts) => parts.toSpliced(MANIFEST, 1)],
    ["no contents", (parts) => parts.slice(0, FIRST)],
    ["a missing slice", (parts) => parts.toSpliced(FIRST, 1)],
    ["a missing last slice", (parts) => parts.slice(0, -1)],
    ["nothing at all", () => []],
    ["a smaller size", (parts) => withPart(parts, FIRST, { size: 10 })],
    ["a larger size", (parts) => withPart(parts, FIRST, { size: 2 ** 32 })],
    ["a huge size in base 256", (parts) => withPart(parts, FIRST, { sizeField: base256(2n ** 62n) })],
    ["a size beyond numbers", (parts) => withPart(parts, FIRST, { sizeField: base256(2n ** 80n) })],
    ["a negative size", (parts) => withPart(parts, FIRST, { sizeField: base256(-1n) })],
    ["a negative size of the manifest", (parts) => withPart(parts, MANIFEST, { sizeField: base256(-512n) })],
    ["a negative size of the label", (parts) => withPart(parts, LABEL, { sizeField: base256(-512n) })],
    [
      "a size that is no number",
      (parts) => withPart(parts, FIRST, { sizeField: Buffer.from("99999999999\0") }),
    ],
    [
      "a label whose size is no number",
      (parts) => withPart(parts, LABEL, { sizeField: Buffer.alloc(12, "z") }),
    ],
    ["a size with a minus", (parts) => withPart(parts, FIRST, { sizeField: Buffer.from("-0000000001\0") })],
    ["a manifest of 33 MiB", (parts) => withPart(parts, MANIFEST, { body: Buffer.alloc(33 * 2 ** 20, " ") })],
    ["a manifest that claims 1 TiB", (parts) => withPart(parts, MANIFEST, { sizeField: base256(2n ** 40n) })],
    [
      "a signature of 64 KiB and a byte",
      (parts) => withPart(parts, SIGNATURE, { body: Buffer.alloc(65_537, "a") }),
    ],
    ["a label of other length", (parts) => withPart(parts, LABEL, { body: Buffer.alloc(1_025, " ") })],
    ["a slice as a symbolic link", (parts) => withPart(parts, FIRST, { type: "2", linkName: "/etc/passwd" })],
    ["a slice as a hard link", (parts) => withPart(parts, FIRST, { type: "1", linkName: "manifest.json" })],
    ["a slice as a contiguous file", (parts) => withPart(parts, FIRST, { type: "7" })],
    ["a slice that names a link", (parts) => withPart(parts, FIRST, { linkName: "/etc/passwd" })],
    ["a slice with an old header", (parts) => withPart(parts, FIRST, { magic: "", type: "\0" })],
    ["old headers", (parts) => parts.map((part) => ({ ...part, magic: "", type: "\0" }))],
  ])("%s", async ([, change]) => {
    expect(await world.attack([tarArchive(change(await world.parts()))])).toEqual(MALFORMED);
  });

  test("bytes of another content, or others altogether, are damage and never stored under the name", async () => {
    const parts = await world.parts();
    for (const index of [FIRST, FIRST + 1, parts.length - 1]) {
      const { body = EVIL } = parts[index] as TarPart;
      const flipped = Buffer.from(body);
      flipped[body.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
      expect(await world.attack([tarArchive(withPart(parts, index, { body: flipped }))])).toEqual(DAMAGED);
    }
  });

  test("two contents of one size that change places are damage", async () => {
    const parts = await world.parts();
    const tarballs = parts.filter(({ name }) => name.startsWith("tarballs/"));
    const groups = Map.groupBy(tarballs, ({ body }) => body?.length);
    const [one, two] = groups.values().find((group) => group.length > 1) as [TarPart, TarPart];
    const swapped = parts.map((part) =>
      part === one ? { ...one, body: two.body } : part === two ? { ...two, body: one.body } : part,
    );
    expect(await world.attack([tarArchive(swapped as TarPart[])])).toEqual(DAMAGED);
  });
});

const stored = (parts: TarPart[]) => {
  // A block of deflate that is stored as it is, with the magic of tar where it stands in a header.
  const bytes = gzipSync(tarArchive(parts), { level: 0 });
  bytes.write("ustar", 257, "latin1");
  return bytes;
};

describe("compressed archives are refused unread", () => {
  test.for<[string, (parts: TarPart[]) => Uint8Array]>([
    ["gzip", (parts) => gzipSync(tarArchive(parts))],
    ["gzip that looks like tar", stored],
    ["a bomb of gzip", () => gzipSync(Buffer.alloc(64 * 2 ** 20))],
    ["zstd", (parts) => zstdCompressSync(tarArchive(parts))],
    ["xz", () => Buffer.concat([Buffer.from("\u{fd}7zXZ\0", "latin1"), Buffer.alloc(4096, 7)])],
    ["bzip2", () => Buffer.concat([Buffer.from("BZh91AY&SY", "latin1"), Buffer.alloc(4096, 7)])],
    ["a checksum of gzip's magic in a header", () => tarHeader({ name: "\u{1f}\u{8b}" })],
  ])("%s", async ([, make]) => {
    expect(await world.attack([make(await world.parts())])).toEqual(MALFORMED);
  });
});

describe("a volume that is cut off is damage, wherever it ends", () => {
  test("at every border, and a byte to either side of it", async () => {
    const whole = await goodArchive(world);
    const borders = new Set<number>([1, 2, 511, 513, 1023]);
    let at = 0;
    for (const part of await world.parts()) {
      for (const step of [512, part.body?.length ?? 0]) {
        at += step;
        for (const near of [at - 1, at, at + 1]) borders.add(near);
      }
      at = Math.ceil(at / 512) * 512;
      borders.add(at);
    }
    for (const near of [at + 511, at + 512, at + 1023]) borders.add(near);
    for (const end of oneIn(5, [...borders]))
      if (end > 0 && end < whole.length)
        expect([end, await world.attack([whole.subarray(0, end)])]).toEqual([end, DAMAGED]);
  });

  test("an empty file is damage, too", async () => {
    expect(await world.attack([new Uint8Array()])).toEqual(DAMAGED);
  });
});

describe("nothing may follow a volume but another volume", () => {
  test.for<[string, (whole: Buffer) => Uint8Array]>([
    ["a byte", () => Buffer.from([1])],
    ["a zero", () => Buffer.alloc(1)],
    ["empty blocks", () => Buffer.alloc(10_240)],
    ["text", () => Buffer.from("#!/bin/sh\nevil\n")],
    ["the beginning of a volume", () => Buffer.from("jam-volume.json\0")],
    ["half of another volume", (whole) => whole.subarray(0, 2048)],
    ["another archive", () => tarArchive([{ name: "../evil", body: EVIL }])],
  ])("%s", async ([, more]) => {
    const whole = await goodArchive(world);
    const { code, status } = await world.attack([Buffer.concat([whole, more(whole)])]);
    expect([code, status]).toEqual(["JAM_BUNDLE_DAMAGED", 4]);
  });

  test("the same volume may follow itself", async () => {
    const whole = await goodArchive(world);
    const end = await world.attack([Buffer.concat([whole, whole])], { mayPublish: true });
    expect(end).toEqual({ code: undefined, status: 0 });
  });
});

test("a million entries are refused at the first, and the others are not asked for", async () => {
  const head = Buffer.concat((await world.parts()).map(tarPart));
  const one = tarPart({ name: "evil", body: EVIL });
  let given = 0;
  const input = {
    name: "million.tar",
    size: undefined,
    async *open() {
      yield head;
      for (; given < 1_000_000; given += 1) yield one;
      yield TAR_END;
    },
  };
  const far = await world.base.copy(join(world.folder, "million"));
  expect(await codeOf(far.import([input]))).toBe("JAM_BUNDLE_MALFORMED");
  expect(given).toBeLessThan(10);
  expect(faultsInStore(far.data)).toEqual([]);
});

test("file names on a medium reach no terminal as they are", async () => {
  const names = ["\u{1b}[2J\u{202e}evil.tar"];
  const end = await world.attack([Buffer.from("no archive")], { names });
  expect(end).toEqual({ code: "JAM_BUNDLE_DAMAGED", status: 4 });
});
