import type { MediumWriter } from "../../medium/medium.ts";
import { isJamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { hashPieces, sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { readSmall, SUMS_NAME, SUMS_SIGNATURE_NAME } from "../format/bundle-files.ts";
import type { SignedManifest } from "../format/bundle-layout.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../format/parse-manifest.ts";
import { checkSignature, type Fault, type SignatureCheck, type VerifyDetached } from "../signing.ts";
import { parseSums } from "../../shared/sums.ts";

/** Room for ten thousand volumes with long names. */
const MAX_SUMS_BYTES = 16 * 2 ** 20;
const MANIFEST_ENDING = ".manifest.json";

/** A file next to the volumes that the checksums list. */
export interface SidecarFinding {
  readonly path: string;
  readonly state: "whole" | "damaged" | "missing";
  readonly fault?: Fault;
}

/** A manifest next to volumes. */
export interface SidecarManifest extends SignedManifest {
  /** The common part of its name and its volumes' names. */
  readonly base: string;
  /** True when the checksums list it and it matches. */
  readonly isSummed: boolean;
}

/** The sidecars in one folder: the files next to the volumes. */
export interface Sidecars {
  readonly folder: string;
  /** By file name; empty when there are none that can be trusted. */
  readonly sums: ReadonlyMap<string, Sha256>;
  /** Undefined when there are no checksums. */
  readonly sumsSignature: SignatureCheck | undefined;
  readonly findings: readonly SidecarFinding[];
  readonly manifests: readonly SidecarManifest[];
}

/**
 * Reads the checksums, their signature and the manifests next to volumes, and checks the other files that the checksums
 * list. `volumes` are the names of the inputs: checksums that list none of them belong to another bundle.
 * @throws JamError JAM_MEDIUM_…
 */
export async function readSidecars(
  medium: MediumWriter,
  volumes: ReadonlySet<string>,
  verifyDetached: VerifyDetached,
): Promise<Sidecars> {
  const text = await readText(medium, SUMS_NAME, MAX_SUMS_BYTES);
  const asc = await readText(medium, SUMS_SIGNATURE_NAME, MAX_SUMS_BYTES);
  const findings: SidecarFinding[] = [];
  const sums = new Map(parseSums(text ?? "").map(({ name, sha256 }) => [name, sha256]));
  const isForeign = sums.keys().some(isVolume) && !sums.keys().some((name) => volumes.has(name));
  let sumsSignature: SignatureCheck | undefined;
  if (text !== undefined && !isForeign) {
    const name = `${medium.folder}/${SUMS_NAME}`;
    sumsSignature = await checkSignature(Buffer.from(text, "latin1"), asc, { name, verifyDetached });
    const fault = faultOf(text, sums.size, sumsSignature);
    findings.push({ path: SUMS_NAME, state: fault ? "damaged" : "whole", ...(fault && { fault }) });
    if (sumsSignature.state === "invalid") sums.clear();
    for (const [file, sha256] of sums) {
      if (!isVolume(file)) findings.push(await checkFile(medium, file, sha256));
    }
  } else {
    sums.clear();
    if (asc !== undefined && !isForeign) findings.push(missing(SUMS_NAME, SUMS_SIGNATURE_NAME));
  }
  return {
    folder: medium.folder,
    sums,
    sumsSignature,
    findings,
    manifests: await readManifests(medium, sums),
  };
}

function isVolume(name: string): boolean {
  return name.endsWith(".tar");
}

function faultOf(text: string, known: number, { state, fault }: SignatureCheck): Fault | undefined {
  if (state === "invalid") return fault;
  const lines = text.split("\n").filter((line) => line !== "").length;
  if (lines === known && lines > 0) return undefined;
  return {
    code: "JAM_BUNDLE_DAMAGED",
    message: `${SUMS_NAME}: ${lines - known} of ${formatCount(lines, "line")} cannot be read.`,
  };
}

async function checkFile(medium: MediumWriter, path: string, sha256: Sha256): Promise<SidecarFinding> {
  const input = await medium.input(path);
  if (input === undefined) return missing(path, SUMS_NAME);
  const actual = (await hashPieces(input.open())).sha256;
  if (actual === sha256) return { path, state: "whole" };
  const message = `${path}: its SHA-256 is ${actual}; ${SUMS_NAME} contains ${sha256}.`;
  return { path, state: "damaged", fault: { code: "JAM_BUNDLE_DAMAGED", message } };
}

function missing(path: string, namedBy: string): SidecarFinding {
  const message = `${path} is missing, but ${namedBy} refers to it.`;
  return { path, state: "missing", fault: { code: "JAM_BUNDLE_NOT_FOUND", message } };
}

async function readManifests(
  medium: MediumWriter,
  sums: ReadonlyMap<string, Sha256>,
): Promise<SidecarManifest[]> {
  const manifests: SidecarManifest[] = [];
  for (const name of await medium.list()) {
    if (!name.endsWith(MANIFEST_ENDING)) continue;
    const input = await medium.input(name);
    const manifestBytes = input && (await readSmall(input, MAX_MANIFEST_BYTES));
    const manifest = manifestBytes && tryParse(manifestBytes, name);
    if (manifestBytes === undefined || manifest === undefined) continue;
    manifests.push({
      base: name.slice(0, -MANIFEST_ENDING.length),
      manifest,
      manifestBytes,
      signature: await readText(medium, `${name}.asc`, MAX_MANIFEST_BYTES),
      isSummed: sums.get(name) === sha256Of(manifestBytes),
    });
  }
  return manifests;
}

/** Undefined for one that cannot be read; the checksums show that it is damaged. */
function tryParse(bytes: Uint8Array, name: string): BundleManifest | undefined {
  try {
    return parseManifest(bytes, name);
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

async function readText(medium: MediumWriter, name: string, maxBytes: number): Promise<string | undefined> {
  const input = await medium.input(name);
  return input && (await readSmall(input, maxBytes))?.toString("latin1");
}
