import type { z } from "zod";
import { isJamError, JamError } from "../shared/errors.ts";
import { isNewerFormat } from "../shared/format-name.ts";
import type { DocumentStore } from "../store/store.ts";
import { withSum } from "./note-sum.ts";

/**
 * What a note that is damaged counts as. A note that a newer jam wrote is always refused: what it says is not known.
 * `absent`: as if it had never been written, because what it says can be
 * found out again or is only a convenience. `countsAs`: as this value, for a note that must not get lost. Otherwise
 * reading it is an error, because starting afresh would hide a decision.
 */
export type DamagePolicy<T> =
  | "absent"
  | { readonly countsAs: T }
  | {
      /** Names the note for people: `The advice from a bundle`. */
      readonly what: string;
      readonly hint: string;
    };

interface Definition<T> {
  /** Names the shape and its version: `jam-pins:1`. */
  readonly format: string;
  /** The value without `format`. As a function where commands read the note that need nothing else of zod: it loads slowly. */
  readonly schema: z.ZodType<T> | ((zod: typeof z) => z.ZodType<T>);
  readonly damage: DamagePolicy<T>;
  /** Brings a note that was written before it had a format into today's shape. Default: there is none. */
  readonly upgrade?: (note: unknown) => unknown;
  /** Spaces for each level in the file; 0 for long notes that are not read by people. Default 1. */
  readonly indent?: number;
}

/** One note under `state/`: what this mirror knows and no snapshot, blob or document contains. */
export interface StateDocument<T> {
  /** Name of the file in `state/`. */
  readonly name: string;
  /**
   * Undefined where nothing was noted, or the note is damaged and that counts as absent.
   * @throws JamError JAM_STORE_FORMAT when a newer jam wrote it, JAM_STORE_CORRUPT where damage is an error, JAM_STORE_…
   */
  read(documents: Pick<DocumentStore, "get">): Promise<T | undefined>;
  /** Replaces the note, durably. */
  write(documents: Pick<DocumentStore, "put">, value: T): Promise<void>;
  /** No error when there is none. */
  delete(documents: Pick<DocumentStore, "delete">): Promise<void>;
}

/** Notes of one kind, one for each key: `site-<key>.json`. */
export interface StateDocuments<T> {
  of(key: string): StateDocument<T>;
  /** Keys of all notes, damaged ones included, ascending. */
  keys(documents: Pick<DocumentStore, "list">): Promise<string[]>;
}

/** The one way to keep a note under `state/`. */
export function stateDocument<T extends object>(
  definition: Definition<T> & { readonly name: string },
): StateDocument<T> {
  const { name } = definition;
  return {
    name,
    async read(documents) {
      try {
        const bytes = await documents.get("state", name);
        return bytes && (await parseNote(bytes, { ...definition, name }));
      } catch (cause) {
        // Something that is no file has its place: that is damage as well.
        if (isJamError(cause) && !isJamError(cause, "JAM_STORE_CORRUPT")) throw cause;
        const { damage } = definition;
        if (damage === "absent") return undefined;
        if ("countsAs" in damage) return damage.countsAs;
        throw damaged(name, damage, cause);
      }
    },
    async write(documents, value) {
      const note = withSum(name, { format: definition.format, ...value });
      const text = JSON.stringify(note, undefined, definition.indent ?? 1);
      await documents.put("state", name, Buffer.from(`${text}\n`));
    },
    delete: (documents) => documents.delete("state", name),
  };
}

/** Notes of one kind. `prefix` ends where the key begins: `pins-`. */
export function stateDocuments<T extends object>({
  prefix,
  ...definition
}: Definition<T> & { readonly prefix: string }): StateDocuments<T> {
  return {
    of: (key) => stateDocument({ ...definition, name: `${prefix}${key}.json` }),
    async keys(documents) {
      const names = await documents.list("state");
      return names
        .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
        .map((name) => name.slice(prefix.length, -".json".length))
        .filter((key) => key !== "")
        .sort();
    },
  };
}

const writeTest = stateDocument({
  name: "write-test.json",
  format: "jam-write-test:1",
  schema: (zod) => zod.object({}),
  damage: "absent",
});

/**
 * Writes a note and deletes it, to find out whether this user may write here. It is no other note's name, so it may be
 * done while another process holds the lease.
 * @throws JamError JAM_STORE_…
 */
export async function tryWriting(documents: Pick<DocumentStore, "put" | "delete">): Promise<void> {
  await writeTest.write(documents, {});
  await writeTest.delete(documents);
}

async function parseNote<T>(
  bytes: Uint8Array,
  { name, format, schema, upgrade }: Definition<T> & { readonly name: string },
): Promise<T> {
  const note: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const today = upgrade === undefined || hasFormat(note) ? note : upgrade(note);
  if (hasFormat(today) && isNewerFormat(today.format, format)) {
    throw newerDocument(`state/${name}`, today.format, format);
  }
  if (!hasFormat(today) || today.format !== format) throw new Error(`expected the format ${format}`);
  const { format: _format, ...value } = today;
  if (typeof schema !== "function") return schema.parse(value);
  return schema((await import("zod")).z).parse(value);
}

function hasFormat(note: unknown): note is { readonly format: unknown } {
  return typeof note === "object" && note !== null && "format" in note;
}

/** A document that a newer jam wrote; nothing may be decided without what it says. */
export function newerDocument(document: string, found: string, known: string): JamError {
  return new JamError("JAM_STORE_FORMAT", `${document} has the format ${found}; this jam reads ${known}.`, {
    hint: "Use the newer jam that wrote it, or another data directory. Nothing was changed.",
    details: { document, found, supported: known },
  });
}

function damaged(
  name: string,
  { what, hint }: { readonly what: string; readonly hint: string },
  cause: unknown,
): JamError {
  return new JamError("JAM_STORE_CORRUPT", `${what} (state/${name}) cannot be read.`, {
    cause,
    hint,
    details: { document: `state/${name}` },
  });
}
