import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../helpers/random.ts";
import type { Failure } from "./campaign.ts";
import type { Mutant } from "./make-mutant.ts";
import { ImportTarget, type FarSideSetup, type Outcome } from "./targets.ts";

/** Keys are new in every campaign, so a mutant is kept with all that its far side believes and shows. */
interface SavedMutant {
  readonly run: number;
  readonly faults: readonly string[];
  readonly mutant: Mutant;
  readonly setup: FarSideSetup;
}

/** The text of a file that `readFailure` reads. */
export function writeFailure({ run, faults, mutant, corpus }: Failure): string {
  const setup = {
    upstream: { publicKeyArmored: corpus.upstream.publicKeyArmored },
    maker: { publicKeyArmored: corpus.maker.publicKeyArmored },
    old: corpus.old.map(toBase64),
    valid: corpus.valid.map(toBase64),
  };
  return JSON.stringify({
    run,
    faults,
    setup,
    mutant: { ...mutant, archives: mutant.archives.map(toBase64) },
  });
}

/** A mutant that was saved. */
export function readFailure(text: string): SavedMutant {
  const saved = JSON.parse(text) as {
    readonly run: number;
    readonly faults: readonly string[];
    readonly mutant: Mutant & { readonly archives: readonly string[] };
    readonly setup: FarSideSetup & { readonly old: readonly string[]; readonly valid: readonly string[] };
  };
  const { mutant, setup } = saved;
  return {
    ...saved,
    mutant: { ...mutant, archives: mutant.archives.map(fromBase64) },
    setup: { ...setup, old: setup.old.map(fromBase64), valid: setup.valid.map(fromBase64) },
  };
}

/** Imports a saved mutant once more. */
export async function replay({ run, mutant, setup }: SavedMutant): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "jam-fuzz-"));
  try {
    const target = await ImportTarget.open(folder, setup);
    return await target.import(mutant, seededRandom(run));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, "base64");
}
