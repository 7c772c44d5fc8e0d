import {
  JUJU_KNOWLEDGE,
  ADVICE_SEVERITIES,
  withAdvice,
  type Advice,
  type Knowledge,
} from "../juju/knowledge/knowledge.ts";
import type { DocumentStore } from "../store/store.ts";
import { stateDocument } from "./state-document.ts";

/** Advice that came over the gap, and the bundle that contained it. */
export interface CarriedAdvice {
  readonly bundle: string;
  readonly advice: readonly Advice[];
}

const note = stateDocument<CarriedAdvice>({
  name: "carried-advice.json",
  format: "jam-carried-advice:1",
  schema: (zod) =>
    zod.object({
      bundle: zod.string(),
      advice: zod.array(
        zod.object({
          from: zod.string(),
          to: zod.string(),
          severity: zod.enum(ADVICE_SEVERITIES),
          reason: zod.string(),
          link: zod.string().exactOptional(),
        }),
      ),
    }),
  // A `block` that is lost silently would let an upgrade pass.
  damage: {
    what: "The advice from a bundle",
    hint: "Import the newest bundle again with `jam bundle import`: it replaces the file. Where no bundle contains advice, delete it.",
  },
});

/** Replaces the advice that came with an earlier bundle. */
export async function writeCarriedAdvice(
  documents: Pick<DocumentStore, "put">,
  { bundle, advice }: CarriedAdvice,
): Promise<void> {
  await note.write(documents, { bundle, advice });
}

/**
 * What answers about versions are based on: what is built in, the `advice` of the settings, and the advice of the bundle
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
  const carried = await note.read(documents);
  return [
    ...settings.map((one) => ({ ...one, origin: "jam.yaml" })),
    ...(carried?.advice ?? []).map((one) => ({ ...one, origin: `bundle ${carried?.bundle}` })),
  ];
}
