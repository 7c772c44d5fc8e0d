import { z } from "zod";
import type { NamedText } from "../../input/read-documents.ts";
import { JamError } from "../../shared/errors.ts";
import { MAX_VOLUMES } from "../../shared/limits.ts";
import type { Omitting } from "../../shared/listed.ts";
import { bundleId } from "../format/fields.ts";
import { TAR_BLOCK } from "../format/volume-plan.ts";
import type { Fault, SignatureCheck } from "../signing.ts";
import type { SidecarFinding } from "./read-sidecars.ts";

/** The state of a volume. */
export type VolumeState = "whole" | "damaged" | "missing" | "swapped" | "foreign";

/** One file, or one missing volume. */
export interface VolumeFinding extends Omitting<"agents" | "documents"> {
  /** In the bundle that was verified; null for a file that is not part of it. */
  readonly number: number | null;
  /** As given on the command line; null for a missing one. */
  readonly path: string | null;
  readonly state: VolumeState;
  readonly fault?: Fault;
  /** Agents whose bytes are lost with it; only some if there are many. */
  readonly agents: readonly string[];
  /** Upstream's documents that are lost with it. */
  readonly documents: readonly string[];
}

/** Volumes to recreate. */
export interface RepairOrder {
  readonly bundle: string | null;
  /** Null for a bundle of one volume. */
  readonly volumeSize: number | null;
  readonly volumes: readonly number[];
}

/** The lists of a report that are truncated; `repair` is always complete. */
export const VERIFY_LISTS = ["volumes", "beside", "affected", "notes"] as const;

/** The result of verifying a bundle. */
export interface VerifyReport extends Omitting<(typeof VERIFY_LISTS)[number]> {
  /** Null when nothing tells which bundle it is. */
  readonly bundle: string | null;
  readonly outcome: "whole" | "damaged";
  /** Fingerprint of a key that is trusted here; null when there is no such signature. */
  readonly signedBy: string | null;
  readonly signature: SignatureCheck | null;
  /** Number of volumes of the bundle. */
  readonly count: number | null;
  readonly volumes: readonly VolumeFinding[];
  /** Sidecars: files next to the volumes that the checksums list, and the checksums themselves. */
  readonly beside: readonly SidecarFinding[];
  /** Agents that none of the volumes contains undamaged. */
  readonly affected: readonly string[];
  /** What the far side must already have; it was not checked. */
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
 * The volumes to repair in a report of `jam bundle verify -o json`. Only ids and numbers are read from it.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseReport({ name, text }: NamedText): RepairOrder {
  try {
    const result = report.safeParse(JSON.parse(text.replace(/^\u{feff}/u, "")));
    if (result.success) return result.data.repair;
  } catch {
    // Reported below.
  }
  throw new JamError("JAM_USAGE_INVALID", `${name} is neither a volume nor a report of jam bundle verify.`, {
    hint: "Give the folder with the bundle, or what `jam bundle verify FROM -o json` printed.",
    details: { file: name },
  });
}
