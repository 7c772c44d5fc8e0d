import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importBundles } from "../../../src/bundle/import/import-bundles.ts";
import type { ImportReport } from "../../../src/bundle/import/import-work.ts";
import { composeImport } from "../../../src/compose/bundle.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { VolumeInput } from "../../../src/medium/medium.ts";
import type { Allowance } from "../../../src/metadata/freshness.ts";
import { openKeyFolder } from "../../../src/openpgp/key-folder.ts";
import type { SampleKey } from "../../peers/sample-upstream/sign.ts";
import { SAMPLE_URL } from "./sample-bundle.ts";

/** Whom a far side trusts. */
export interface FarSideTrust {
  readonly upstream: Pick<SampleKey, "publicKeyArmored">;
  /** Armoured public keys of makers. */
  readonly makers: readonly string[];
}

/** Rules that a test lets pass. */
export interface FarSideOptions {
  readonly allow?: readonly Allowance[];
  readonly allowsUnsigned?: boolean;
}

/** A mirror without any upstream: settings, keys and a data directory in a folder of their own. */
export class FarSide {
  readonly folder: string;
  readonly data: string;
  /** Settings and keys are read once for each set of options. */
  readonly #composed = new Map<string, ReturnType<typeof composeImport>>();

  constructor(folder: string) {
    this.folder = folder;
    this.data = join(folder, "data");
  }

  /** Takes archives in as the command does, in this process. */
  async import(inputs: readonly VolumeInput[], options: FarSideOptions = {}): Promise<ImportReport> {
    const key = JSON.stringify(options);
    const composed = this.#composed.get(key) ?? this.#compose(options);
    this.#composed.set(key, composed);
    const { rules, work } = await composed;
    return importBundles(inputs, rules, work);
  }

  async #compose({ allow, allowsUnsigned = false }: FarSideOptions) {
    const { folder: cwd } = this;
    const config = await loadConfig({ file: undefined, flags: {}, env: {}, cwd, version: "test" });
    return composeImport(config, {
      observe: () => undefined,
      signal: new AbortController().signal,
      allow: new Set(allow),
      allowsUnsigned,
      writes: true,
    });
  }

  /** The same mirror again, as it is now, in the new folder `to`. */
  async copy(to: string): Promise<FarSide> {
    await cp(this.folder, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    return new FarSide(to);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A far side below `parent` that has nothing yet. */
export async function makeFarSide(parent: string, trust: FarSideTrust): Promise<FarSide> {
  const folder = await mkdtemp(join(parent, "jam-far-"));
  const keys = openKeyFolder(join(folder, "jam-keys"), { now: () => new Date() });
  for (const armored of trust.makers) await keys.trust(Buffer.from(armored), "maker.asc");
  await writeFile(join(folder, "key.asc"), trust.upstream.publicKeyArmored);
  const settings = {
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url: SAMPLE_URL, keyring: "key.asc" }],
    select: [{ stream: "released" }],
  };
  // JSON is YAML.
  await writeFile(join(folder, "jam.yaml"), JSON.stringify(settings));
  await mkdir(join(folder, "beside"));
  await writeFile(join(folder, "beside/agents.tgz"), "not ours\n");
  return new FarSide(folder);
}

/** Bytes in memory as a file that volumes are read from, in pieces of `chunk`. */
export function bytesInput(name: string, bytes: Uint8Array, chunk = 65_536): VolumeInput {
  return {
    name,
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
    },
  };
}
