/**
 * Bundles that are not what they should be, and a far side that they are brought to.
 *
 * ```ts
 * const world = await hostileWorld();                      // once in a file: keys, trees, a far side that shows a bundle
 * const parts = await world.parts();                       // the files of a good volume, to be changed
 * const end = await world.attack([tarArchive(parts)]);     // through the real command, in a copy of the far side
 * expect(end).toEqual({ code: "JAM_BUNDLE_MALFORMED", status: 4 });
 * ```
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { BundleManifest } from "../../src/bundle/format/manifest.ts";
import { LABEL_NAME, type VolumeLabel } from "../../src/bundle/format/volume-label.ts";
import { LABEL_BYTES } from "../../src/bundle/format/volume-plan.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { run } from "../../src/cli/run.ts";
import { generateSecretKey, readSigningKey, type SigningKey } from "../../src/openpgp/signing-key.ts";
import { bytesInput, makeFarSide, type FarSide } from "../fuzz/bundle/far-side.ts";
import {
  changedPaths,
  faultsInStore,
  readFolderBytes,
  readFolderState,
} from "../fuzz/bundle/folder-state.ts";
import {
  sampleBundle,
  volumeArchives,
  volumeParts,
  withChanges,
  writeSample,
  type SampleBundle,
} from "../fuzz/bundle/sample-bundle.ts";
import { tarArchive, type TarPart } from "../fuzz/bundle/tar-parts.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import { byTier } from "./tier.ts";
import { buildSampleTree, type SampleTree } from "./upstream.ts";

const HOUR_MS = 3_600_000;

/** After how many attacks a good bundle is brought, too, and has to be taken in as if nothing had been. */
const HEALED_EVERY = byTier({ quick: 4, all: 1 });

/** How the command ended: the code that it printed, if any, and its exit status. */
export interface AttackEnd {
  readonly code: string | undefined;
  readonly status: number;
}

/** What the command printed, too. */
export interface AttackReport extends AttackEnd {
  readonly text: string;
  /** The far side as the attack left it. */
  readonly far: FarSide;
}

export interface AttackOptions {
  /** More arguments of the command. */
  readonly flags?: readonly string[];
  /** File names of the volumes. Default `volume-1.tar` and so on. */
  readonly names?: readonly string[];
  /** Looks at the far side before the good bundle comes. */
  readonly examine?: (report: AttackReport) => Promise<void>;
  /** What of the old publication may change: for attacks that are let through. Default false. */
  readonly mayPublish?: boolean;
}

/** A far side that shows one bundle, and a maker that it trusts. */
export interface HostileWorld extends AsyncDisposable {
  readonly folder: string;
  readonly maker: SigningKey;
  /** A key that nobody here knows. */
  readonly stranger: SigningKey;
  readonly base: FarSide;
  /** What the far side shows. */
  readonly old: SampleBundle;
  /** A later bundle that is as it should be. */
  readonly good: SampleBundle;
  readonly tree: SampleTree;
  /** The files of the good bundle in one volume, signed, with its manifest changed where `changes` say so. */
  parts(changes?: Partial<BundleManifest>, signer?: SigningKey): Promise<TarPart[]>;
  /** Brings archives to a copy of the far side, and sees that nothing came of it but what may. */
  attack(archives: readonly Uint8Array[], options?: AttackOptions): Promise<AttackEnd>;
}

/** Makes the world: takes some seconds, so once in a file. Small tarballs, by default, of which many have one size. */
export async function hostileWorld({ tarballBytes = 600 } = {}): Promise<HostileWorld> {
  const folder = await mkdtemp(join(tmpdir(), "jam-hostile-"));
  const now = Date.now();
  const [maker, stranger] = await Promise.all([aKey("Maker"), aKey("Stranger")]);
  const oldTree = await aTree(["3.6.26"], now - 4 * HOUR_MS, tarballBytes);
  const tree = await aTree(["3.6.26", "3.6.27", "4.0.15"], now - 2 * HOUR_MS, tarballBytes);
  const old = await sampleBundle(oldTree, new Date(now - 3 * HOUR_MS));
  const good = await sampleBundle(tree, new Date(now - HOUR_MS));
  const base = await makeFarSide(folder, { upstream: tree.key, makers: [maker.publicKeyArmored] });
  const [archive] = volumeArchives(await writeSample(old, maker)) as [Buffer];
  await base.import([bytesInput("old.tar", archive)]);
  const goodArchives = volumeArchives(await writeSample(good, maker));
  const expected = await publicationAfter(base, join(folder, "expected"), goodArchives);
  let count = 0;
  return {
    folder,
    maker,
    stranger,
    base,
    old,
    good,
    tree,
    async parts(changes, signer = maker) {
      const manifest = changes === undefined ? good.manifest : withChanges(good.manifest, changes);
      return volumeParts(await writeSample({ ...good, manifest }, signer))[0] as TarPart[];
    },
    async attack(archives, options = {}) {
      count += 1;
      const far = await base.copy(join(folder, `far-${count}`));
      const isHealed = count % HEALED_EVERY === 0;
      try {
        return await attackFarSide(far, { archives, options, goodArchives, expected, isHealed });
      } finally {
        await far.remove();
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function aKey(name: string): Promise<SigningKey> {
  return readSigningKey(await generateSecretKey(name, new Date("2020-01-01T00:00:00Z")), name);
}

/** What lies at the path of 3.6.26: whole blocks, as parts of contents have them. */
const HELD = Buffer.alloc(1024, "a tarball that is held ");

async function aTree(releases: readonly string[], at: number, tarballBytes: number): Promise<SampleTree> {
  const tree = await buildSampleTree({
    releases,
    arches: ["amd64"],
    oses: ["ubuntu"],
    families: ["agents"],
    streams: ["released"],
    tarballBytes,
    now: new Date(at),
  });
  return withTarball(tree, tree.listings.find(({ version }) => version === "3.6.26")?.item.path ?? "", HELD);
}

/** The tree with other bytes, properly listed, under a path. */
export async function withTarball(tree: SampleTree, path: string, bytes: Buffer): Promise<SampleTree> {
  const listed = { sha256: sha256Of(bytes), size: bytes.length };
  const edited = await tree.withEdited("streams/v1/com.ubuntu.juju-released-agents.json", (document) => {
    const items = Object.values(document.products)
      .flatMap(({ versions }) => Object.values(versions))
      .flatMap((collection) => Object.values(collection.items));
    for (const item of items) if (item["path"] === path) Object.assign(item, listed);
  });
  return edited.withItem(path, bytes);
}

/** The agents' files that a far side shows after a good bundle, by path with their hashes. */
async function publicationAfter(base: FarSide, to: string, archives: readonly Buffer[]): Promise<string[]> {
  const far = await base.copy(to);
  await far.import(archives.map((bytes, index) => bytesInput(`good-${index}.tar`, bytes)));
  const shown = agentsShown(far);
  await far.remove();
  return shown;
}

function agentsShown({ data }: FarSide): string[] {
  return [...readFolderBytes(join(data, "tools"))]
    .flatMap(([path, hash]) => (path.startsWith("agent/") ? [`${path} ${hash}`] : []))
    .sort();
}

async function attackFarSide(
  far: FarSide,
  attack: {
    readonly archives: readonly Uint8Array[];
    readonly options: AttackOptions;
    readonly goodArchives: readonly Buffer[];
    readonly expected: readonly string[];
    /** Whether a good bundle comes after it. */
    readonly isHealed: boolean;
  },
): Promise<AttackEnd> {
  const { options, goodArchives, expected, isHealed } = attack;
  const medium = join(far.folder, "medium");
  await mkdir(medium);
  for (const [index, bytes] of attack.archives.entries())
    await writeFile(join(medium, options.names?.[index] ?? `volume-${index + 1}.tar`), bytes);
  const shown = readFolderBytes(join(far.data, "tools"));
  const around = readFolderState(far.folder, far.data);
  const end = await importMedium(far, options.flags ?? []);
  expect(end.text).not.toMatch(TERMINAL);
  expect(changedPaths(around, readFolderState(far.folder, far.data))).toEqual([]);
  expect(faultsInStore(far.data)).toEqual([]);
  if (options.mayPublish !== true) expect(readFolderBytes(join(far.data, "tools"))).toEqual(shown);
  await options.examine?.({ ...end, far });
  if (!isHealed) return { code: end.code, status: end.status };
  await far.import(goodArchives.map((bytes, index) => bytesInput(`good-${index}.tar`, bytes)));
  if (options.mayPublish !== true) expect(agentsShown(far)).toEqual(expected);
  expect(faultsInStore(far.data)).toEqual([]);
  return { code: end.code, status: end.status };
}

/** What a terminal may take for a command, or a reader for other words than these are. */
const TERMINAL = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;

/** Runs `jam bundle import medium` as a process does, in this one. */
async function importMedium(far: FarSide, flags: readonly string[]): Promise<AttackEnd & { text: string }> {
  let text = "";
  const stream = {
    write: async (piece: string) => void (text += piece),
    isTTY: false,
    columns: () => undefined,
  };
  const status = await run({
    argv: ["bundle", "import", "medium", ...flags],
    io: { stdout: stream, stderr: stream, env: { NO_COLOR: "1" }, cwd: far.folder },
    signal: new AbortController().signal,
    commands: COMMANDS,
  });
  return { status, code: /\[(JAM_[A-Z_]+)\]/.exec(text)?.[1], text };
}

/** The files of a volume with another label. */
export function withLabel(parts: readonly TarPart[], changes: Readonly<Record<string, unknown>>): TarPart[] {
  const label = JSON.parse(Buffer.from(parts[0]?.body ?? []).toString()) as VolumeLabel;
  return withLabelText(parts, JSON.stringify({ ...label, ...changes }, undefined, 1));
}

/** The files of a volume with a label that says `text`. */
export function withLabelText(parts: readonly TarPart[], text: string): TarPart[] {
  const body = Buffer.from(text.padEnd(LABEL_BYTES));
  return parts.map((part) => (part.name === LABEL_NAME ? { ...part, body } : part));
}

/** The files of a volume with the one at `index` changed. */
export function withPart(parts: readonly TarPart[], index: number, changes: Partial<TarPart>): TarPart[] {
  return parts.map((part, at) => (at === index ? { ...part, ...changes } : part));
}

/** The bytes that a far side shows under a path, or undefined. */
export function readShown(far: FarSide, path: string): Promise<Buffer | undefined> {
  return readFile(join(far.data, "tools", path)).catch(() => undefined);
}

/** The good archive, whole. */
export async function goodArchive(world: HostileWorld): Promise<Buffer> {
  return tarArchive(await world.parts());
}
