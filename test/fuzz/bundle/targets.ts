import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readVolumes } from "../../../src/bundle/read/read-volumes.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { hashPieces } from "../../../src/shared/sha256.ts";
import { readPublished, type Published } from "../../helpers/published.ts";
import type { Random } from "../../helpers/random.ts";
import { bytesInput, makeFarSide, type FarSide } from "./far-side.ts";
import { changedPaths, faultsInStore, readFolderState, type FolderState } from "./folder-state.ts";
import type { Mutant } from "./make-mutant.ts";
import type { Corpus } from "./seeds.ts";

/** What became of a mutant: the code it was refused with, or `taken`; and what must not have happened. */
export interface Outcome {
  readonly code: string;
  readonly faults: readonly string[];
}

/** Whom a far side believes, what it shows before, and what it shows after the bundle that mutants are made of. */
export interface FarSideSetup {
  readonly upstream: Pick<Corpus["upstream"], "publicKeyArmored">;
  readonly maker: Pick<Corpus["maker"], "publicKeyArmored">;
  readonly old: readonly Buffer[];
  readonly valid: readonly Buffer[];
}

/** Reads every volume to its end, as an import does, and keeps nothing. */
export async function readMutant({ archives }: Mutant, random: Random): Promise<Outcome> {
  let code = "whole";
  try {
    for (const [index, bytes] of archives.entries()) {
      const input = bytesInput(`volume-${index}`, bytes, random.pick([512, 700, 65_536]));
      for await (const volume of readVolumes(input))
        for await (const { bytes, sha256 } of volume.slices())
          if ((await hashPieces(bytes)).sha256 !== sha256) code = "other bytes";
    }
    return { code, faults: [] };
  } catch (error) {
    return { code: codeOf(error), faults: faultsOfError(error) };
  }
}

function codeOf(error: unknown): string {
  return isJamError(error) ? error.code : "none";
}

function faultsOfError(error: unknown): string[] {
  if (isJamError(error) && error.code !== "JAM_INTERNAL") return [];
  return [
    `not refused but broken: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  ];
}

/** A far side to which mutants are brought, one after the other, each to the same state. */
export class ImportTarget {
  readonly #far: FarSide;
  readonly #base: string;
  #around: FolderState = new Map();
  #data: FolderState = new Map();
  readonly #old: Published;
  readonly #valid: Published;

  private constructor(far: FarSide, base: string, published: { old: Published; valid: Published }) {
    this.#far = far;
    this.#base = base;
    this.#old = published.old;
    this.#valid = published.valid;
    this.#remember();
  }

  static async open(folder: string, setup: FarSideSetup): Promise<ImportTarget> {
    const { upstream, maker } = setup;
    const far = await makeFarSide(folder, { upstream, makers: [maker.publicKeyArmored] });
    await far.import(setup.old.map((bytes, index) => bytesInput(`old-${index}`, bytes)));
    const old = await readPublished(far.data);
    const base = join(folder, "base");
    cpSync(far.data, base, COPY);
    await far.import(setup.valid.map((bytes, index) => bytesInput(`new-${index}`, bytes)));
    const valid = await readPublished(far.data);
    rmSync(far.data, { recursive: true });
    cpSync(base, far.data, COPY);
    return new ImportTarget(far, base, { old, valid });
  }

  async import(mutant: Mutant, random: Random): Promise<Outcome> {
    const { archives, isUnsigned: allowsUnsigned } = mutant;
    const inputs = archives.map((bytes, index) =>
      bytesInput(`volume-${index}`, bytes, random.pick([512, 700, 65_536])),
    );
    let code = "taken";
    const faults: string[] = [];
    try {
      const { outcome, faults: refused } = await this.#far.import(inputs, { allowsUnsigned });
      code = refused[0]?.error.code ?? outcome;
    } catch (error) {
      code = codeOf(error);
      faults.push(...faultsOfError(error));
    }
    faults.push(...(await this.#examine(mutant)));
    return { code, faults };
  }

  async #examine(mutant: Mutant): Promise<string[]> {
    const outside = changedPaths(this.#around, readFolderState(this.#far.folder, this.#far.data));
    const faults = outside.map((path) => `${path} changed, outside the store`);
    const changed = changedPaths(this.#data, readFolderState(this.#far.data));
    if (changed.every((path) => /^(|lock\.db.*)$/.test(path))) return faults;
    faults.push(...faultsInStore(this.#far.data), ...(await this.#faultsInTree(mutant)));
    rmSync(this.#far.data, { recursive: true });
    cpSync(this.#base, this.#far.data, COPY);
    this.#remember();
    return faults;
  }

  /** The tree must be the old one or the new one, or a choice from what upstream signed where the maker chose anew. */
  async #faultsInTree({ isSignedAgain }: Mutant): Promise<string[]> {
    try {
      const shown = await readPublished(this.#far.data);
      if ([this.#old.fingerprint, this.#valid.fingerprint].includes(shown.fingerprint)) return [];
      const known = new Set([...this.#valid.items, ...this.#old.items].map((item) => JSON.stringify(item)));
      const foreign = shown.items.filter((item) => !known.has(JSON.stringify(item)));
      if (!isSignedAgain) return ["something else than the old or the new tree is shown"];
      return foreign.map(({ path }) => `${path} is shown, and upstream never signed it`);
    } catch (error) {
      return [`what is shown is broken: ${(error as Error).message}`];
    }
  }

  #remember(): void {
    this.#around = readFolderState(this.#far.folder, this.#far.data);
    this.#data = readFolderState(this.#far.data);
  }
}

const COPY = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true } as const;
