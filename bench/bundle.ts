import { copyFile, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatByteSize } from "../src/shared/byte-size.ts";
import { memoryFigure, type Figure } from "./figure.ts";
import { HASH } from "./openssl.ts";
import { measure, median, type ProcessFigures } from "./process.ts";
import { JAM } from "./program.ts";
import { startUpstream, sync, writeSettings } from "./sample-mirror.ts";

/** Ten versions on four architectures, 50 MB each: 2 GB. */
const TWO_GB = { releases: versions(10, 10), size: "50MB" };
/** What a far side holds before a delta, and with the one that is new. */
const HELD = versions(0, 40);
const HELD_AND_NEW = versions(0, 41);

/** Bundles: making and importing one of 2 GB against stock tools on the same files, and the weight of a delta. */
export async function benchBundle(rounds = 3): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-bundle-"));
  try {
    const [near, far] = [join(folder, "near"), join(folder, "far")];
    for (const side of [near, far]) await mkdir(side);
    return [...(await carry(near, far, rounds)), ...(await weighDelta(near, far))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function versions(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `3.6.${first + index}`).join(",");
}

async function jam(folder: string, ...args: string[]): Promise<ProcessFigures> {
  const figures = await measure(process.execPath, [JAM, ...args], { cwd: folder });
  if (figures.status !== 0) throw new Error(figures.stderr);
  return figures;
}

async function shell(folder: string, command: string): Promise<ProcessFigures> {
  const figures = await measure("sh", ["-c", command], { cwd: folder });
  if (figures.status !== 0) throw new Error(figures.stderr);
  return figures;
}

async function carry(near: string, far: string, rounds: number): Promise<Figure[]> {
  await using upstream = await startUpstream(near, ["--releases", TWO_GB.releases, "--size", TWO_GB.size]);
  await writeSettings(near, upstream.url);
  await writeSettings(far, upstream.url);
  await copyFile(join(near, "key.asc"), join(far, "key.asc"));
  await sync(near);
  await meet(near, far);
  const made: ProcessFigures[] = [];
  const taken: ProcessFigures[] = [];
  const ratios = { make: [] as number[], take: [] as number[] };
  const medium = join(near, "medium");
  const file = join(medium, "bundle.tar");
  for (let round = 0; round < rounds; round += 1) {
    await rm(medium, { recursive: true, force: true });
    const make = await jam(near, "bundle", "create", "--quiet", "--to", file);
    const tar = await shell(join(near, "mirror-data"), `tar cf ../copy.tar blobs && ${HASH} ../copy.tar`);
    await rm(join(near, "copy.tar"));
    ratios.make.push(make.wallMs / tar.wallMs);
    made.push(make);
    await rm(join(far, "mirror-data"), { recursive: true, force: true });
    const take = await jam(far, "bundle", "import", "--quiet", file);
    const copy = await shell(far, `${HASH} ${file} && cp ${file} copy.tar && sync copy.tar`);
    ratios.take.push(take.wallMs / copy.wallMs);
    taken.push(take);
    await rm(join(far, "copy.tar"));
  }
  const { size } = await stat(file);
  await rm(medium, { recursive: true });
  return [
    ...bundleTime("Creating a 2 GB bundle", "`tar` to a file + `openssl dgst -sha256`", {
      size,
      ratios: ratios.make,
      runs: made,
      most: 1.1,
    }),
    ...bundleTime("Importing a 2 GB bundle", "`openssl dgst -sha256` + `cp` + `sync`", {
      size,
      ratios: ratios.take,
      runs: taken,
      most: 0.6,
    }),
  ];
}

/** Each side gets a key that the other trusts. */
async function meet(near: string, far: string): Promise<void> {
  for (const [side, other] of [
    [near, far],
    [far, near],
  ] as const) {
    await jam(side, "key", "generate", "--name", "bench");
    await jam(side, "key", "export", "--to", join(side, "public.asc"));
    await jam(other, "key", "trust", join(side, "public.asc"));
  }
}

function bundleTime(
  what: string,
  peer: string,
  {
    size,
    ratios,
    runs,
    most,
  }: {
    readonly size: number;
    readonly ratios: readonly number[];
    readonly runs: readonly ProcessFigures[];
    /** Of the peer's time. */
    readonly most: number;
  },
): Figure[] {
  const ratio = median(ratios);
  const wallMs = median(runs.map((figures) => figures.wallMs));
  const peak = Math.max(...runs.map(({ peakRss }) => peakRss));
  return [
    {
      what,
      value: `${(wallMs / 1000).toFixed(2)} s, ${(size / 1000 / wallMs).toFixed(0)} MB/s`,
      peer,
      result: `${ratio.toFixed(2)} × its time`,
      aim: `≤ ${most} ×`,
      isMet: ratio <= most,
    },
    memoryFigure(peak),
  ];
}

async function weighDelta(near: string, far: string): Promise<Figure[]> {
  for (const side of [near, far]) await rm(join(side, "mirror-data"), { recursive: true, force: true });
  const size = "500K";
  {
    await using upstream = await startUpstream(near, ["--releases", HELD, "--size", size]);
    await writeSettings(far, upstream.url);
    await copyFile(join(near, "key.asc"), join(far, "key.asc"));
    await sync(far);
  }
  await jam(far, "inventory", "--to", join(near, "inventory.json"));
  await using upstream = await startUpstream(near, ["--releases", HELD_AND_NEW, "--size", size]);
  await writeSettings(near, upstream.url);
  await sync(near);
  const medium = join(near, "medium");
  const { stdout } = await jam(
    near,
    "bundle",
    "create",
    "--quiet",
    "--have",
    "inventory.json",
    "--to",
    medium,
    "-o",
    "json",
  );
  const { bundle } = JSON.parse(stdout) as { bundle: { bytes: number } };
  const sizes = await Promise.all(
    (await readdir(medium)).map(async (name) => (await stat(join(medium, name))).size),
  );
  const excess = sizes.reduce((sum, one) => sum + one, 0) - bundle.bytes;
  return [
    {
      what: "Delta of one version, 40 versions present",
      value: formatByteSize(bundle.bytes + excess),
      peer: `its tarballs, ${formatByteSize(bundle.bytes)}`,
      result: `${formatByteSize(excess)} overhead`,
      aim: "≤ 1 MB overhead",
      isMet: excess <= 1e6,
    },
  ];
}
