/** Files that are handed to the doctor and to other commands: which flag takes them, and how their text is encoded. */
import { gzipSync } from "node:zlib";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc } from "../../helpers/property.ts";
import { expect, test } from "vitest";
import { inUtf8 } from "../../../src/shared/decode-text.ts";
import { jamHere } from "../../helpers/jam-here.ts";

const LOG =
  '10.0.0.1 - - [30/Nov/2026:09:00:00 +0000] "GET /tools/tools/streams/v1/index2.json HTTP/1.1" 404 10 "-" "Go-http-client/1.1"\n';
const WORDS = "ERROR no matching agent binaries available\n";
const FLEET = '{"models":[{"name":"admin/db","short-name":"db","agent-version":"3.6.1"}]}\n';

const littleEndian = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");
const bigEndian = (text: string) => littleEndian(text).swap16();
const ENCODINGS = {
  "UTF-8 with a mark": (text: string) => Buffer.from(`\uFEFF${text}`),
  "UTF-16 of Windows": littleEndian,
  "UTF-16 in the other order": bigEndian,
  "UTF-16 without a mark": (text: string) => littleEndian(text).subarray(2),
  "UTF-16, compressed": (text: string) => gzipSync(littleEndian(text)),
} as const;

async function folderWith(files: Readonly<Record<string, string | Buffer>>) {
  const folder = await mkdtemp(join(tmpdir(), "jam-files-"));
  await mkdir(join(folder, "data"));
  await writeFile(join(folder, "jam.yaml"), '{"version":1,"data":"./data"}');
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return {
    folder,
    doctor: async (...args: string[]) => {
      const { stdout, stderr, status } = await jamHere(folder, ["doctor", ...args, "-o", "json"]);
      const document =
        stdout === ""
          ? undefined
          : (JSON.parse(stdout) as { inputs: { name: string; format: string; lines: number }[] });
      return { status, stderr: stdout + stderr, inputs: document?.inputs ?? [] };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

test("a log after --juju or --fleet is a log, in any order", async () => {
  await using place = await folderWith({
    "a.txt": WORDS,
    "b.txt": WORDS,
    "access.log": LOG,
    "f.json": FLEET,
  });
  for (const args of [
    ["--juju", "a.txt", "access.log"],
    ["access.log", "--juju", "a.txt"],
    ["--fleet", "f.json", "--juju", "a.txt", "access.log"],
    ["--juju", "a.txt", "--fleet", "f.json", "access.log"],
  ]) {
    const { inputs, stderr } = await place.doctor(...args);
    expect({ args, stderr, inputs }).toMatchObject({
      inputs: expect.arrayContaining([
        expect.objectContaining({ name: "access.log", format: "combined" }),
        expect.objectContaining({ name: "a.txt", format: "juju" }),
      ]),
    });
  }
  const two = await place.doctor("--juju", "a.txt", "--juju", "b.txt");
  expect(two.inputs.map(({ name }) => name)).toEqual(["a.txt", "b.txt"]);
});

test("a file behind the wrong flag is refused with the right one", async () => {
  await using place = await folderWith({ "access.log": LOG, "f.json": FLEET, "g.json": FLEET });
  const log = await place.doctor("--juju", "access.log");
  expect(log).toMatchObject({ status: 2, inputs: [] });
  expect(log.stderr).toContain("jam doctor --juju FILE LOG");
  const fleet = await place.doctor("--fleet", "f.json", "g.json");
  expect(fleet).toMatchObject({ status: 2 });
  expect(fleet.stderr).toContain("with a --fleet of its own");
});

test.each(Object.entries(ENCODINGS))("%s is read, of a log and of what Juju says", async (_name, encode) => {
  await using place = await folderWith({
    "access.log": encode(LOG.repeat(3)),
    "a.txt": encode(WORDS),
    "plain.log": LOG.repeat(3),
    "plain.txt": WORDS,
  });
  const { inputs } = await place.doctor("--juju", "a.txt", "access.log");
  const plain = await place.doctor("--juju", "plain.txt", "plain.log");
  const counts = (all: typeof inputs) => all.map(({ name: _file, ...rest }) => rest);
  expect(counts(inputs)).toEqual(counts(plain.inputs));
});

test("settings in UTF-16 are read, too", async () => {
  await using place = await folderWith({});
  const text = await readFile(join(place.folder, "jam.yaml"), "utf8");
  for (const encode of [littleEndian, bigEndian]) {
    await writeFile(join(place.folder, "jam.yaml"), encode(text));
    expect(await jamHere(place.folder, ["config", "validate"])).toMatchObject({ status: 0 });
  }
});

test("a stream in pieces of any size gives the same text", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.constantFrom("utf8", "le", "be"),
      fc.integer({ min: 1, max: 7 }),
      async (text, encoding, size) => {
        const bytes =
          encoding === "le" ? littleEndian(text) : encoding === "be" ? bigEndian(text) : Buffer.from(text);
        fc.pre(encoding === "le" || encoding === "be" || !bytes.includes(0));
        const pieces = async function* () {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        };
        const read = Buffer.concat(await Array.fromAsync(inUtf8(pieces())));
        expect(read.toString("utf8")).toBe(text);
      },
    ),
    { numRuns: 200 },
  );
});
