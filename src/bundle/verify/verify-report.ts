import type { Omitting } from "../../shared/listed.ts";
import type { Fault, SignatureCheck } from "../signing.ts";
import type { SidecarFinding } from "./read-sidecars.ts";
import { z } from "zod";
import { JamError } from "../../shared/errors.ts";
import { bundleId } from "../format/fields.ts";
import { TAR_BLOCK } from "../format/volume-plan.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { MAX_VOLUMES } from "../../shared/limits.ts";

/** What a volume is, or is not. */
export type VolumeState = "whole" | "damaged" | "missing" | "swapped" | "foreign";

/** One file, or one volume that has none. */
export interface VolumeFinding extends Omitting<"agents" | "documents"> {
  /** In the bundle that was verified; null when it has none there. */
  readonly number: number | null;
  /** As it was named; null for a missing one. */
  readonly path: string | null;
  readonly state: VolumeState;
  readonly fault?: Fault;
  /** Agents whose bytes cannot be had from it: some, where there are many. */
  readonly agents: readonly string[];
  /** Upstream's documents that cannot be had from it. */
  readonly documents: readonly string[];
}

/** Volumes to make again. */
export interface RepairOrder {
  readonly bundle: string | null;
  /** Null for a bundle in one piece. */
  readonly volumeSize: number | null;
  readonly volumes: readonly number[];
}

/** The lists of a report that are cut; what is to be repaired is listed whole. */
export const VERIFY_LISTS = ["volumes", "beside", "affected", "notes"] as const;

/** What verifying a bundle showed. */
export interface VerifyReport extends Omitting<(typeof VERIFY_LISTS)[number]> {
  /** Null when nothing there says which bundle it is. */
  readonly bundle: string | null;
  readonly outcome: "whole" | "damaged";
  /** Fingerprint of a key that is trusted here; null when there is no such signature. */
  readonly signedBy: string | null;
  readonly signature: SignatureCheck | null;
  /** Of how many. */
  readonly count: number | null;
  readonly volumes: readonly VolumeFinding[];
  /** Files beside the volumes that checksums name, and the checksums themselves. */
  readonly beside: readonly SidecarFinding[];
  /** Agents that cannot be had from all volumes together. */
  readonly affected: readonly string[];
  /** What the far side has to hold already; nothing of it was checked. */
  readonly baseline: readonly {
    readonly bundle?: string;
    readonly snapshot?: string;
    readonly contents: number;
  }[];
  readonly repair: RepairOrder;
  readonly notes: readonly string[];
}

const report = z.object({
  repair: z.object({
    bundle: bundleId.nullable(),
    volumeSize: z.int().min(TAR_BLOCK).multipleOf(TAR_BLOCK).nullable(),
    volumes: z.array(z.int().min(1).max(MAX_VOLUMES)).max(MAX_VOLUMES),
  }),
});

/**
 * Which volumes a report of `jam bundle verify -o json` asks for. Ids and numbers are all that is taken from it.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseReport({ name, text }: NamedText): RepairOrder {
  try {
    const result = report.safeParse(JSON.parse(text.replace(/^\u{feff}/u, "")));
    if (result.success) return result.data.repair;
  } catch {
    // Said below.
  }
  throw new JamError("JAM_USAGE_INVALID", `${name} is neither a volume nor a report of jam bundle verify.`, {
    hint: "Give the folder with the bundle, or what `jam bundle verify FROM -o json` printed.",
    details: { file: name },
  });
}
