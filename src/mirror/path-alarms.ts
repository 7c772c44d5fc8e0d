import { z } from "zod";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore, Store } from "../store/store.ts";
import { countField, sha256Field, timeField } from "./document-fields.ts";
import { stateDocument } from "./state-document.ts";

const content = z.object({ sha256: sha256Field, size: countField }).readonly();

/** Upstream lists other bytes under the path or name of an agent that is held. */
const pathAlarm = z
  .object({
    agent: z.string().describe("Name of the agent."),
    path: z.string().describe("Upstream's path of the other bytes."),
    since: timeField.describe("When it was first seen."),
    held: content.describe("What the mirror has and serves, or had when it listed the agent last."),
    before: z
      .object({
        listedAt: timeField.describe("When the last list was made that is known to have had it."),
        isHeld: z.boolean().describe("Whether these bytes are still here."),
      })
      .readonly()
      .exactOptional()
      .describe("Of an agent that the mirror listed before and does not list now."),
    other: content.describe("What upstream lists now."),
    isKept: z
      .boolean()
      .describe(
        "Whether the other bytes are here too, as blobs/sha256/ab/<sha256>; they are neither listed nor served.",
      ),
  })
  .readonly();

export type PathAlarm = z.infer<typeof pathAlarm>;

/** The alarms of a report or a status. */
export const pathAlarms = z
  .array(pathAlarm)
  .readonly()
  .exactOptional()
  .describe(
    "Paths under which upstream lists other bytes than are held, until that is settled; absent where there are none.",
  );

const note = stateDocument({
  name: "path-alarms.json",
  format: "jam-path-alarms:1",
  schema: z.object({ alarms: z.array(pathAlarm) }),
  damage: {
    what: "The list of paths under which upstream lists other bytes",
    hint: "Nothing was deleted. Restore the file from a backup, or delete it: the next sync finds again what upstream still lists.",
  },
});

/** A change that was refused. */
export interface RefusedBytes {
  /** As upstream lists it now. */
  readonly agent: Agent;
  /** As the mirror has it, or had it. */
  readonly held: Pick<Agent, "sha256" | "size">;
  /** Of an agent that the mirror does not list any longer: ISO 8601, when it was listed last. */
  readonly listedAt?: string;
}

/**
 * Every alarm that is not settled.
 * @throws JamError JAM_STORE_CORRUPT when they cannot be read: the bytes of one must not count as unused
 */
export async function readAlarms(documents: Pick<DocumentStore, "get">): Promise<readonly PathAlarm[]> {
  return (await note.read(documents))?.alarms ?? [];
}

/** Hashes of the tarballs on both sides of the alarms: retention keeps them. */
export function hashesOfAlarms(alarms: readonly PathAlarm[]): Sha256[] {
  return alarms.flatMap(({ held, other }) => [held.sha256, other.sha256]);
}

/**
 * Notes what was refused in this run, and forgets earlier alarms that are settled. Call with the lease held, before anything
 * is pruned.
 * @param isSettled of an alarm that this run did not raise again
 */
export async function recordAlarms(
  { documents, blobs }: Pick<Store, "documents" | "blobs">,
  refused: readonly RefusedBytes[],
  { now, isSettled }: { readonly now: Date; readonly isSettled: (alarm: PathAlarm) => boolean },
): Promise<readonly PathAlarm[]> {
  const before = await readAlarms(documents);
  const known = new Map(before.map((alarm) => [keyOf(alarm), alarm]));
  const raised: PathAlarm[] = [];
  const isHere = async ({ sha256, size }: Pick<Agent, "sha256" | "size">) =>
    (await blobs.stat(sha256))?.size === size;
  for (const { agent, held, listedAt } of refused) {
    const alarm = {
      agent: formatAgentName(agent),
      path: agent.path,
      held: { sha256: held.sha256, size: held.size },
      other: { sha256: agent.sha256, size: agent.size },
    };
    raised.push({
      ...alarm,
      since: known.get(keyOf(alarm))?.since ?? now.toISOString(),
      isKept: await isHere(agent),
      ...(listedAt !== undefined && { before: { listedAt, isHeld: await isHere(held) } }),
    });
  }
  const again = new Set(raised.map(keyOf));
  const open = before.filter((alarm) => !again.has(keyOf(alarm)) && !isSettled(alarm));
  const alarms = [...open, ...raised];
  if (alarms.length === 0 && before.length > 0) await note.delete(documents);
  else if (JSON.stringify(alarms) !== JSON.stringify(before)) await note.write(documents, { alarms });
  return alarms;
}

function keyOf({ agent, path, other }: Pick<PathAlarm, "agent" | "path" | "other">): string {
  return `${agent} ${path} ${other.sha256}`;
}
