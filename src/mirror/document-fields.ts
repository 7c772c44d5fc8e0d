import { z } from "zod";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";

/** Fields that documents have in common, with what a JSON Schema says of them. */
export const countField = z.int().nonnegative();

export const sha256Field = z
  .custom<Sha256>(
    (value) => typeof value === "string" && parseSha256(value) !== undefined,
    "expected 64 lowercase hex digits",
  )
  .meta({ type: "string", pattern: "^[0-9a-f]{64}$" });
