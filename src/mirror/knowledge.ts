import { z } from "zod";
import {
  JUJU_KNOWLEDGE,
  ADVICE_SEVERITIES,
  withAdvice,
  type Advice,
  type Knowledge,
} from "../juju/knowledge/knowledge.ts";
import { JamError } from "../shared/errors.ts";
import type { DocumentStore } from "../store/store.ts";

const NAME = "carried-advice.json";
const FORMAT = "jam-carried-advice:1";

/** Advice that came over the gap, and the bundle that brought it. */
export interface CarriedAdvice {
  readonly bundle: string;
  readonly advice: readonly Advice[];
}

const carriedAdvice = z.object({
  format: z.literal(FORMAT),
  bundle: z.string(),
  advice: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      severity: z.enum(ADVICE_SEVERITIES),
      reason: z.string(),
      link: z.string().exactOptional(),
    }),
  ),
});

/** Replaces the advice that came with an earlier bundle. */
export async function writeCarriedAdvice(
  documents: Pick<DocumentStore, "put">,
  carried: CarriedAdvice,
): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, ...carried }, undefined, 1);
  await documents.put("state", NAME, Buffer.from(`${text}\n`));
}

/**
 * What answers about versions rest on: what is built in, the `advice` of the settings, and the advice of the bundle
 * that was imported last. The one source for `which`, `plan`, `ready`, `graph` and the server.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function knowledgeOf(
  documents: Pick<DocumentStore, "get">,
  settings: readonly Advice[],
): Promise<Knowledge> {
  return withAdvice(JUJU_KNOWLEDGE, await adviceOf(documents, settings));
}

/**
 * The advice of the settings and of the bundle that was imported last, each with its origin.
 * @throws JamError JAM_STORE_CORRUPT, JAM_STORE_IO
 */
export async function adviceOf(
  documents: Pick<DocumentStore, "get">,
  settings: readonly Advice[],
): Promise<readonly Advice[]> {
  const carried = await readCarriedAdvice(documents);
  return [
    ...settings.map((one) => ({ ...one, origin: "jam.yaml" })),
    ...(carried?.advice ?? []).map((one) => ({ ...one, origin: `bundle ${carried?.bundle}` })),
  ];
}

/** A damaged document is an error: a `block` that is lost silently would let an upgrade pass. */
async function readCarriedAdvice(documents: Pick<DocumentStore, "get">): Promise<CarriedAdvice | undefined> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return undefined;
  try {
    return carriedAdvice.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new JamError(
      "JAM_STORE_CORRUPT",
      `The advice that a bundle brought (state/${NAME}) cannot be read.`,
      {
        cause,
        hint: "Import the newest bundle again with `jam bundle import`: it replaces the file. Where no bundle brings advice, delete it.",
        details: { document: `state/${NAME}` },
      },
    );
  }
}
