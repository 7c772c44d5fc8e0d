import { z } from "zod";
import { unlessDamaged } from "../mirror/read-snapshots.ts";
import { stateDocuments } from "../mirror/state-document.ts";
import { JamError } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { channelEntry, type ChannelEntry } from "./history-document.ts";
import { chainFault, entryHash, headOf } from "./history.ts";

/** The history of a channel of the near side, as a bundle carries it. */
export interface CarriedHistory {
  /** Name of the channel on the near side. */
  readonly name: string;
  /** Oldest first; none where the channel has no history. */
  readonly history: readonly ChannelEntry[];
}

/** What was imported of it here. */
interface ImportedHistory extends CarriedHistory {
  /** The bundle that carried it last. */
  readonly bundle: string;
  /** Fingerprint of its signer; null without a signature that is trusted here. */
  readonly signedBy: string | null;
}

/** The near side's histories, by the channel of this side. */
const notes = stateDocuments<ImportedHistory>({
  prefix: "imported-history-",
  format: "jam-imported-history:1",
  schema: z
    .object({
      name: z.string(),
      history: z.array(channelEntry),
      bundle: z.string(),
      signedBy: z.string().nullable(),
    })
    .superRefine(({ history }, context) => {
      const fault = chainFault(history);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    }),
  damage: {
    what: "The history of the near side that was imported into a channel",
    hint: "Nothing was changed. Import a newer bundle of the channel: it carries the whole history again.",
  },
});

/** How a carried history continues what was imported before. */
export type Continuation = "first" | "same" | "newer" | "older" | "other";

/** The head of the near side's history that this side's own history names last. */
export function importedHead(own: readonly ChannelEntry[]): string | undefined {
  return own.findLast(({ head }) => head !== undefined)?.head;
}

/** How a carried history continues the one that was imported last into a channel with this history. */
export async function compareCarried(
  documents: Pick<Store["documents"], "get">,
  { name, own }: { readonly name: RefName; readonly own: readonly ChannelEntry[] },
  carried: CarriedHistory,
): Promise<Continuation> {
  const known = importedHead(own);
  if (known === undefined) return "first";
  const hashes = carried.history.map(entryHash);
  const at = hashes.lastIndexOf(known as (typeof hashes)[number]);
  if (at !== -1) return at === hashes.length - 1 ? "same" : "newer";
  const noted = await unlessDamaged(notes.of(name).read(documents));
  const head = headOf(carried.history);
  const isOlder = head !== null && noted?.history.some((entry) => entryHash(entry) === head) === true;
  return isOlder ? "older" : "other";
}

/** Keeps the near side's history, before an entry of this side names its head. Call with the lease held. */
export function keepImported(
  documents: Pick<Store["documents"], "get" | "put">,
  name: RefName,
  imported: ImportedHistory,
): Promise<void> {
  return notes.of(name).write(documents, imported);
}

/**
 * The near side's history as far as this side's own history names it, and where it came from.
 * @throws JamError JAM_CHANNEL_NOT_FOUND when no bundle brought one, JAM_STORE_CORRUPT when it was altered or is missing
 */
export async function readImported(
  documents: Pick<Store["documents"], "get">,
  { name, own }: { readonly name: RefName; readonly own: readonly ChannelEntry[] },
): Promise<ImportedHistory> {
  const head = importedHead(own);
  if (head === undefined) throw noneImported(name);
  const noted = await notes.of(name).read(documents);
  const at = noted?.history.findIndex((entry) => entryHash(entry) === head) ?? -1;
  if (noted === undefined || at === -1) throw notNamed(name, head);
  return { ...noted, history: noted.history.slice(0, at + 1) };
}

function noneImported(name: string): JamError {
  return new JamError("JAM_CHANNEL_NOT_FOUND", `No bundle has brought a history for the channel ${name}.`, {
    hint: `\`${shellCommand`jam channel history ${name}`}\` shows what happened on this side. Bundles that are made with \`--channel\` carry the near side's history.`,
    details: { channel: name },
  });
}

function notNamed(name: string, head: string): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `The near side's history of the channel ${name} is missing here, or does not contain the entry ${head.slice(0, 12)}… that was imported.`,
    {
      hint: "Import a newer bundle of the channel: it carries the whole history again.",
      details: { channel: name, head },
    },
  );
}
