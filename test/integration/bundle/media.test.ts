/** What verifying, repairing and dividing do where operators' commands cannot easily bring it about. */
import type { VolumeInput, MediumWriter } from "../../../src/medium/medium.ts";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { divideBundle, type DivideWork } from "../../../src/bundle/divide/divide-bundle.ts";
import { readHead } from "../../../src/bundle/read/read-volumes.ts";
import { verifyBundle, type VerifyWork } from "../../../src/bundle/verify/verify-bundle.ts";
import { repairElsewhere, type RepairWork } from "../../../src/bundle/repair/repair-bundle.ts";
import { storeContents } from "../../../src/bundle/contents.ts";
import { openStore } from "../../../src/compose/store.ts";
import { openMediumFolder } from "../../../src/medium/folder-writer.ts";
import { findVolumes, streamInput } from "../../../src/medium/find-volumes.ts";
import { JamError } from "../../../src/shared/errors.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import type { ByteRange } from "../../../src/store/store.ts";
import type { SyncEvent } from "../../../src/mirror/run-events.ts";
import { copyOf, filesOf, membersOf, type DamagedMedia } from "../../helpers/damaged-media.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const verifyDetached = () =>
  Promise.reject(new JamError("JAM_SIGNER_UNKNOWN", "Nobody is trusted.", { details: { signedBy: "0123" } }));

let upstream: TestUpstream;
let mirror: TestMirror;
/** Not signed, in volumes of 40 KiB. */
let volumes: string;
let names: readonly string[];

beforeAll(async () => {
  upstream = await startUpstream({ tarballBytes: 20_000, releases: ["3.6.26", "3.6.27"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
  volumes = join(mirror.folder, "volumes");
  const create = ["bundle", "create", "--unsigned", "--volume-size", "40KiB", "--to", volumes];
  expect((await mirror.jam(...create)).status).toBe(0);
  names = [...(await filesOf(volumes)).keys()].filter((name) => name.endsWith(".tar"));
  expect(names.length).toBeGreaterThan(2);
});

afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

const find = (folder: string) => findVolumes({ path: folder, typed: folder });

function work(changes: Partial<VerifyWork> = {}): VerifyWork {
  return {
    verifyDetached,
    openFolder: openMediumFolder,
    allowsUnsigned: true,
    observe: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Two volumes next to each other with parts of one tarball. */
async function brokenTarball(media: DamagedMedia) {
  for (const [index, name] of names.entries()) {
    const last = membersOf(await readFile(media.path(name))).at(-1);
    if (last !== undefined && /^tarballs\/.*\.0$/.test(last.name))
      return { name, number: index + 1, last, sha256: last.name.slice(9, 73) };
  }
  throw new Error("no tarball goes on in another volume");
}

describe("verifying", () => {
  test("counts a bundle without signature as bad unless that is allowed", async () => {
    const inputs = await find(volumes);
    const strict = await verifyBundle(inputs, work({ allowsUnsigned: false }));
    expect(strict.report).toMatchObject({
      outcome: "damaged",
      signature: { state: "unsigned" },
      affected: [],
    });
    expect((await verifyBundle(inputs, work())).report).toMatchObject({ outcome: "whole", signedBy: null });
  });

  test("sees through a label that was made to fit altered bytes", async () => {
    await using media = await copyOf(volumes);
    await rm(media.path("SHA256SUMS"));
    const { name, number, last, sha256 } = await brokenTarball(media);
    const bytes = await readFile(media.path(name));
    const body = bytes.subarray(last.start + 512, last.start + 512 + last.size);
    const before = sha256Of(body);
    body[20] = (body[20] as number) ^ 1;
    const label = bytes.toString("latin1", 512, 1536).replace(before, sha256Of(body));
    bytes.write(label, 512, "latin1");
    await writeFile(media.path(name), bytes);
    const { report } = await verifyBundle(await find(media.folder), work());
    const bad = report.volumes.filter(({ state }) => state === "damaged");
    expect(bad.map((one) => one.number)).toEqual([number, number + 1]);
    const { manifest } = await readHead((await find(volumes))[0] as VolumeInput);
    const agents = manifest.catalogue.find((row) => row.sha256 === sha256)?.agents;
    expect(report.affected).toEqual(agents);
  });

  test("guesses the division from sizes when no label is legible and a manifest lies beside", async () => {
    await using media = await copyOf(volumes);
    for (const name of names) await media.flip(name, 600);
    const { report } = await verifyBundle(await find(media.folder), work());
    expect(report.volumes.map(({ number, state }) => [number, state])).toEqual(
      names.map((_, index) => [index + 1, "damaged"]),
    );
    expect(report.repair).toMatchObject({ volumeSize: 40_960, volumes: names.map((_, index) => index + 1) });
    await rm(join(media.folder, names[0]?.replace(".001.tar", ".manifest.json") as string));
    const blind = (await verifyBundle(await find(media.folder), work())).report;
    expect(blind).toMatchObject({ bundle: null, outcome: "damaged", repair: { bundle: null } });
  });

  test("takes volumes from a stream, and says what it could not put together", async () => {
    const files = await filesOf(volumes);
    const archives = names.map((name) => files.get(name) as Buffer);
    expect(await read(archives)).toMatchObject({ outcome: "whole", notes: [] });
    expect(await read(archives.toReversed())).toMatchObject({
      outcome: "whole",
      notes: [expect.stringContaining("out of order")],
    });
    const [first, second] = archives as [Buffer, Buffer];
    const cut = await read([first, second.subarray(0, 20_000)]);
    expect(cut.volumes.slice(0, 3).map(({ state }) => state)).toEqual(["whole", "damaged", "missing"]);
  });

  test("takes a medium that fails at some place for damaged there, and goes on", async () => {
    const inputs = (await find(volumes)).map((input, index) => (index === 1 ? failing(input) : input));
    const { report } = await verifyBundle(inputs, work());
    expect(report.volumes.filter(({ state }) => state !== "whole")).toMatchObject([
      { number: 2, state: "damaged", fault: { code: "JAM_MEDIUM_UNUSABLE" } },
    ]);
    expect(report.affected.length).toBeGreaterThan(0);
  });

  test("tells of every byte, and stops when it is told to", async () => {
    const events: SyncEvent[] = [];
    await verifyBundle(await find(volumes), work({ observe: (event) => events.push(event) }));
    const sizes = [...(await filesOf(volumes))].filter(([name]) => names.includes(name));
    const seen = events.reduce((sum, event) => sum + (event.kind === "item-bytes" ? event.bytes : 0), 0);
    expect(seen).toBe(sizes.reduce((sum, [, bytes]) => sum + bytes.length, 0));
    const stopped = verifyBundle(await find(volumes), work({ signal: AbortSignal.abort() }));
    await expect(stopped).rejects.toMatchObject({ code: "JAM_CANCELLED" });
  });
});

async function read(volumes: readonly Buffer[]) {
  return (await verifyBundle([streamInput("standard input", inPieces(volumes))], work())).report;
}

async function* inPieces(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield piece;
}

/** The first half of a file, then what a bad sector gives. */
function failing(input: VolumeInput): VolumeInput {
  return {
    ...input,
    async *open() {
      for await (const piece of input.open()) {
        yield piece.subarray(0, 20_480);
        throw new JamError("JAM_MEDIUM_UNUSABLE", `Cannot read ${input.name}: EIO.`);
      }
    },
  };
}

describe("repairing", () => {
  test("takes what this mirror holds damaged from volumes that are whole", async () => {
    await using media = await copyOf(volumes);
    await using to = await temporaryFolder();
    await media.flip(names[0] as string, 600);
    const store = await openStore({ store: { kind: "fs", path: mirror.data } });
    const contents = storeContents(store);
    const altered: RepairWork["contents"] = {
      async open(sha256) {
        const reader = await contents.open(sha256);
        const bytes = async function* (range?: ByteRange) {
          let isFirst = (range?.start ?? 0) === 0;
          for await (const piece of reader?.bytes(range) ?? []) {
            yield isFirst ? Buffer.concat([Buffer.of(0), piece.subarray(1)]) : piece;
            isFirst = false;
          }
        };
        return reader && { size: reader.size, bytes, close: () => reader.close() };
      },
    };
    const repaired = await repairElsewhere(
      await find(media.folder),
      { medium: openMediumFolder(to.path), base: undefined },
      { ...work(), documents: store.documents, contents: altered, signer: undefined },
    );
    expect(repaired.repaired).toEqual([1]);
    expect((await filesOf(to.path)).get(names[0] as string)).toEqual(
      (await filesOf(volumes)).get(names[0] as string),
    );
  });

  test("refuses a manifest that nobody here trusts", async () => {
    const place = { medium: openMediumFolder(join(mirror.folder, "never")), base: undefined };
    const store = await openStore({ store: { kind: "fs", path: mirror.data } });
    const repair = repairElsewhere(await find(volumes), place, {
      ...work({ allowsUnsigned: false }),
      documents: store.documents,
      contents: storeContents(store),
      signer: undefined,
    });
    await expect(repair).rejects.toMatchObject({ code: "JAM_SIGNATURE_MISSING" });
  });
});

test("dividing that was cut short goes on behind the last whole volume", async () => {
  await using to = await temporaryFolder();
  const written: string[] = [];
  const folder = openMediumFolder(to.path);
  const medium: MediumWriter = {
    ...folder,
    write: (name, bytes) => {
      written.push(name);
      return folder.write(name, bytes);
    },
  };
  const controller = new AbortController();
  const divide = (signal: AbortSignal, observe: DivideWork["observe"]) =>
    find(volumes).then((inputs) =>
      divideBundle(
        inputs,
        { volumeSize: 64 * 1024, place: { medium, base: undefined }, force: false },
        { verifyDetached, signer: undefined, observe, signal },
      ),
    );
  const first = divide(controller.signal, ({ kind }) => kind === "item-done" && controller.abort());
  await expect(first).rejects.toMatchObject({ code: "JAM_CANCELLED" });
  written.length = 0;
  const { volumes: made } = await divide(new AbortController().signal, () => undefined);
  expect(made.length).toBeGreaterThan(1);
  expect(written).not.toContain(made[0]?.name);
  expect(written).toContain(made[1]?.name);
  expect((await verifyBundle(await find(to.path), work())).report.outcome).toBe("whole");
});
