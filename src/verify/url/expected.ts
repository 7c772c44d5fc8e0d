import { tarballsOf, type FaceTarball, renderFace, withoutDamaged } from "../../mirror/face.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { Sha256 } from "../../shared/sha256.ts";

/** What an address of the mirror has to answer with. */
export interface ExpectedMirror {
  readonly snapshot: Snapshot;
  /** By path below the address. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  readonly tarballs: ReadonlyMap<string, FaceTarball>;
  /** Paths that Juju asks for and that have to be missing. */
  readonly absent: readonly string[];
}

/** What a server that shows this snapshot has to answer with. `name` is the one by which it shows it, see `servedName`. */
export function expectMirror(
  snapshot: Snapshot,
  { damaged, name }: { readonly damaged: ReadonlySet<Sha256>; readonly name: string },
): ExpectedMirror {
  const shown = withoutDamaged(snapshot, damaged);
  const rendered = renderFace({ ...shown, id: name });
  const documents = new Map(rendered.map(({ path, text }) => [path, Buffer.from(text)]));
  return { snapshot: shown, documents, tarballs: tarballsOf(shown), absent: absentPaths(documents.keys()) };
}

const INDEXES = ["streams/v1/index2", "streams/v1/index"];

/**
 * Signed twins: Juju prefers them, and upstream's would list what is not here. Lists of mirrors: they would send clients
 * elsewhere.
 */
function absentPaths(documents: Iterable<string>): string[] {
  const known = new Set(documents);
  const plain = [...known].filter((path) => /^streams\/v1\/[^/]+\.json$/.test(path));
  const twins = [
    ...INDEXES.map((path) => `${path}.sjson`),
    ...plain.map((path) => path.replace(/json$/, "sjson")),
  ];
  const others = ["streams/v1/mirrors.sjson", "streams/v1/mirrors.json", "streams/v1/index.json"];
  return [...new Set([...twins, ...others])].filter((path) => !known.has(path));
}

const OWN_FOLDER = /"streams\/v1\/(?<name>\d{8}T\d{6}Z-[0-9a-f]{8,}(?:\.[0-9A-Za-z]+)?)\//;

/**
 * The name by which an index shows its snapshot: its id, and a key in addition where a server lists less because something is
 * damaged. Undefined for what is no index of a mirror.
 */
export function servedName(index: Uint8Array): string | undefined {
  return OWN_FOLDER.exec(Buffer.from(index).toString("utf8"))?.groups?.["name"];
}

/** The snapshot that a served name is of. */
export function snapshotOfName(name: string): string {
  return name.split(".", 1)[0] ?? name;
}
