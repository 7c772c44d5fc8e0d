import { z } from "zod";
import type { ErrorCode } from "../shared/errors.ts";

const note = z.object({
  // A code of docs/reference/errors.md, perhaps of another version of jam.
  code: z.custom<ErrorCode>((value) => typeof value === "string"),
  since: z.string(),
});

const readiness = z.object({
  ready: z.boolean(),
  // An earlier jam has none.
  reasons: z
    .array(z.object({ message: z.string() }))
    .readonly()
    .default([]),
  upstream: z.object({
    // An earlier jam has none.
    notes: z.array(note).readonly().default([]),
  }),
});

/** What a cache server says of itself on `/readyz`; undefined where the answer is of something else. */
export function readReadiness(text: string): z.infer<typeof readiness> | undefined {
  try {
    return readiness.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
