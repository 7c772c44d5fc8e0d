import { isNewerFormat } from "../../shared/format-name.ts";
import { JamError, type ErrorDetails, type ErrorCode, type JamErrorOptions } from "../../shared/errors.ts";
import { countRows, formatCount, type Omitting } from "../../shared/listed.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { BundleManifest } from "./manifest.ts";

const COPY_AGAIN =
  "Copy it from its maker again. `jam bundle verify` checks all volumes; docs/reference/bundle-format.md describes them.";

/** A fault of one volume. */
export class VolumeFaultError extends JamError {
  /** The name of the volume, as it is in messages. */
  readonly volume: string;

  constructor(code: ErrorCode, volume: string, message: string, options: JamErrorOptions) {
    super(code, message, { ...options, details: { volume, ...options.details } });
    this.volume = volume;
  }
}

/** `JAM_BUNDLE_MALFORMED`: `name` breaks the format. */
export function malformedBundle(name: string, what: string, cause?: unknown): VolumeFaultError {
  return new VolumeFaultError("JAM_BUNDLE_MALFORMED", name, `${name}: ${what}.`, {
    cause,
    hint: COPY_AGAIN,
  });
}

/** `JAM_BUNDLE_HISTORY_INVALID`: the history of a channel in `name` was altered. */
export function invalidHistory(name: string, what: string): VolumeFaultError {
  return new VolumeFaultError(
    "JAM_BUNDLE_HISTORY_INVALID",
    name,
    `${name}: the history of its channel was altered: ${what}.`,
    { hint: "Nothing was imported. Make the bundle again; if the error remains, do not trust its maker." },
  );
}

/** `JAM_BUNDLE_DAMAGED`: `name` is truncated, too long, or does not match its hash. */
export function damagedBundle(name: string, what: string, details: ErrorDetails = {}): VolumeFaultError {
  return new VolumeFaultError("JAM_BUNDLE_DAMAGED", name, `${name}: ${what}.`, {
    hint: "Find the bad volumes with `jam bundle verify`, and recreate only those with `jam bundle repair`.",
    details,
  });
}

/** Refuses a document of a newer jam; `format` is the document's, `known` the one that this jam reads. */
export function refuseNewerFormat(format: unknown, known: string, name: string): void {
  if (!isNewerFormat(format, known)) return;
  throw new JamError("JAM_BUNDLE_FORMAT", `${name} has the format ${format}; this jam reads ${known}.`, {
    hint: "Use the version of jam that made it, or a newer one.",
    details: { volume: name, format },
  });
}

/** What is affected when some contents of a bundle are lost. */
export interface Affected extends Omitting<"agents" | "documents"> {
  /** Names of agents whose tarballs are among them. */
  readonly agents: readonly string[];
  /** Paths of upstream's documents among them: without these, nothing in the bundle can be verified. */
  readonly documents: readonly string[];
}

/**
 * The agents and documents of these contents, in the manifest's order.
 * @param maxNames of agents; further ones are counted. One content may have a hundred thousand, and a part in each volume
 */
export function affectedBy(
  manifest: ListedContents,
  contents: ReadonlySet<Sha256>,
  maxNames = Infinity,
): Affected {
  const index = indexOf(manifest);
  const agents: string[] = [];
  let omitted = 0;
  for (const row of rowsOf(index.rows, contents)) {
    const named = row.agents.slice(0, maxNames - agents.length);
    for (const name of named) agents.push(name);
    omitted += row.agents.length - named.length;
  }
  const documents = [...new Set(rowsOf(index.documents, contents).map(({ path }) => path))];
  return { agents, documents, ...(omitted === 0 ? {} : { omitted: { agents: omitted } }) };
}

type ListedContents = Pick<BundleManifest, "catalogue" | "proofs">;

/** Where each content is listed, with the position of each place. */
type Places<Row> = ReadonlyMap<Sha256, readonly { readonly position: number; readonly row: Row }[]>;

interface ContentIndex {
  readonly rows: Places<ListedContents["catalogue"][number]>;
  readonly documents: Places<ListedContents["proofs"][number]["documents"][number]>;
}

/** Thousands of volumes ask one manifest, each about some contents. */
const indexes = new WeakMap<ListedContents["catalogue"], ContentIndex>();

function indexOf({ catalogue, proofs }: ListedContents): ContentIndex {
  const known = indexes.get(catalogue);
  if (known !== undefined) return known;
  const index = { rows: placesOf(catalogue), documents: placesOf(proofs.flatMap((set) => set.documents)) };
  indexes.set(catalogue, index);
  return index;
}

function placesOf<Row extends { readonly sha256: Sha256 }>(rows: readonly Row[]): Places<Row> {
  const places = rows.map((row, position) => ({ position, row }));
  return Map.groupBy(places, ({ row }) => row.sha256);
}

function rowsOf<Row>(places: Places<Row>, contents: ReadonlySet<Sha256>): Row[] {
  const found = [...contents].flatMap((sha256) => places.get(sha256) ?? []);
  return found.sort((a, b) => a.position - b.position).map(({ row }) => row);
}

/** For a message: some of the agents, and whether there is more. */
export function describeAffected(affected: Affected, most = 5): string {
  const { agents, documents } = affected;
  const names = agents.slice(0, most).join(", ");
  const count = countRows(affected, "agents");
  const more = count > most ? ` and ${count - most} more` : "";
  const proof = documents.length === 0 ? "" : `${formatCount(documents.length, "document")} of upstream`;
  return [names === "" ? "" : `${names}${more}`, proof].filter((part) => part !== "").join(", ");
}
