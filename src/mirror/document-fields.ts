import { z } from "zod";
import type { ErrorCode } from "../shared/errors.ts";
import { isSha256, type Sha256 } from "../shared/sha256.ts";

/** Fields that documents have in common, with what a JSON Schema says of them. */
export const countField = z.int().nonnegative();

/** ISO 8601, in UTC. */
export const timeField = z.string().meta({ format: "date-time" });

export const sha256Field = z
  .custom<Sha256>(isSha256, "expected 64 lowercase hex digits")
  .meta({ type: "string", pattern: "^[0-9a-f]{64}$" });

/** A code of docs/reference/errors.md, perhaps of another version of jam. */
export const errorCodeField = z
  .custom<ErrorCode>((value) => typeof value === "string", "expected an error code")
  .meta({ type: "string", pattern: "^JAM_" });

export const agentsAndBytesField = z.object({ agents: countField, bytes: countField }).readonly();

/** What a list of agents has in addition to its rows. */
export const agentListFields = {
  note: z.string().exactOptional().describe("What the name was taken for, where it does not say so itself."),
  omitted: z
    .object({ agents: countField })
    .exactOptional()
    .describe("Rows that match and are not on this page; absent where there are none."),
};
