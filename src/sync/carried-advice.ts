import { ADVICE_SEVERITIES, type Advice } from "../juju/knowledge/knowledge.ts";
import type { DocumentPort } from "./ports.ts";

const NAME = "carried-advice.json";
const FORMAT = "jam-carried-advice:1";

/** Advice that came over the gap, and the bundle that brought it. */
export interface CarriedAdvice {
  readonly bundle: string;
  readonly advice: readonly Advice[];
}

/** Replaces the advice that came with an earlier bundle. */
export async function writeCarriedAdvice(documents: DocumentPort, carried: CarriedAdvice): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, ...carried }, undefined, 1);
  await documents.put("state", NAME, Buffer.from(`${text}\n`));
}

/** The advice of the bundle that was published last; none when there is none, or when the document is damaged. */
export async function readCarriedAdvice(documents: Pick<DocumentPort, "get">): Promise<readonly Advice[]> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return [];
  try {
    const note = JSON.parse(Buffer.from(bytes).toString("utf8")) as
      (CarriedAdvice & { format: string }) | null;
    if (note?.format !== FORMAT || !Array.isArray(note.advice)) return [];
    return note.advice.filter((one) => ADVICE_SEVERITIES.includes(one.severity));
  } catch {
    return [];
  }
}
