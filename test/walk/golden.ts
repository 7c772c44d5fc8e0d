import { mkdir, mkdtemp, rm, symlink, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createArgs, needJam } from "../crash/bundles.ts";
import { seededRandom } from "../crash/random-kills.ts";
import { generateSampleKey } from "../peers/sample-upstream/sign.ts";
import { buildSampleTree, type SampleTree } from "../peers/sample-upstream/tree.ts";

/** What all walks have in common. */
export interface Golden extends AsyncDisposable {
  readonly home: string;
  /** What upstream lists, one state after the other: versions, oldest first. */
  readonly trees: readonly (readonly string[])[];
  /** SHA-256 of the tarball of each version. */
  readonly sha256: ReadonlyMap<string, string>;
  /** Folder of the bundle with everything that upstream lists in a state. */
  bundle(tree: number): string;
  /** Data directory of a mirror that has everything. */
  readonly archive: string;
  /** Lets a folder show upstream in a state. */
  point(link: string, tree: number): Promise<void>;
  readonly upstreamKey: string;
  readonly makerKey: string;
}

const STATES = 16;
const HOUR_MS = 3_600_000;

/** Upstream's states, and a mirror and a bundle of each. */
export async function prepareGolden(): Promise<Golden> {
  const home = await mkdtemp(join(tmpdir(), "jam-walk-"));
  const trees = growTrees();
  const key = await generateSampleKey();
  const sha256 = new Map<string, string>();
  for (const [at, releases] of trees.entries()) {
    const now = new Date(Date.now() - (trees.length - at) * HOUR_MS);
    const tree = await buildSampleTree({
      releases,
      arches: ["amd64"],
      oses: ["ubuntu"],
      streams: ["released"],
      tarballBytes: 500,
      key,
      now,
    });
    await writeTree(join(home, "trees", String(at)), tree);
    for (const { version, item } of tree.listings) sha256.set(version, item.sha256);
  }
  const near = join(home, "near");
  await mkdir(near);
  await writeFile(join(near, "key.asc"), key.publicKeyArmored);
  await writeFile(
    join(near, "jam.yaml"),
    JSON.stringify({
      version: 1,
      data: "./data",
      upstreams: [{ name: "sample", url: join(near, "up"), keyring: "key.asc" }],
      select: [{ stream: "released" }],
      retention: { snapshots: 1000, maxRemoval: "100%" },
    }),
  );
  await needJam(near, ["key", "generate", "--name", "maker"]);
  await needJam(near, ["key", "export", "--to", join(home, "maker.asc")]);
  const point = async (link: string, tree: number) => {
    await symlink(join(home, "trees", String(tree)), `${link}.new`);
    await rename(`${link}.new`, link);
  };
  for (const at of trees.keys()) {
    await point(join(near, "up"), at);
    await needJam(near, ["sync", "--quiet", "--progress", "none"]);
    await needJam(near, createArgs(join(home, `bundle-${at}`)));
  }
  return {
    home,
    trees,
    sha256,
    bundle: (tree) => join(home, `bundle-${tree}`),
    archive: join(near, "data"),
    point,
    upstreamKey: key.publicKeyArmored,
    makerKey: join(home, "maker.asc"),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** Each state has one version more than the one before it, and now and then upstream withdraws one. */
function growTrees(): string[][] {
  const random = seededRandom(1);
  const trees: string[][] = [["3.6.1", "3.6.2"]];
  while (trees.length < STATES) {
    const before = trees.at(-1) as string[];
    const next = random() < 0.8 ? [...before, `3.6.${newest(before) + 1}`] : [...before];
    const isWithdrawn = next.length > 6 || (next.length > 2 && random() < 0.3);
    if (isWithdrawn) next.splice(Math.floor(random() * (next.length - 1)), 1);
    trees.push(next);
  }
  return trees;
}

function newest(versions: readonly string[]): number {
  return Math.max(...versions.map((version) => Number(version.split(".")[2])));
}

async function writeTree(folder: string, tree: SampleTree): Promise<void> {
  const write = async (path: string, bytes: Buffer) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  for (const [path, bytes] of tree.documents) await write(path, bytes);
  for (const [path, { size, source }] of tree.items)
    await write(path, await source.read(0, Buffer.alloc(size)));
}
