import { MIRROR_REF, type RefName } from "../../shared/ref-name.ts";
import type { FoundFact } from "../finding.ts";
import { decode, isPage, statusFault, titleOf } from "./check-documents.ts";
import { servedName, snapshotOfName } from "./expected.ts";
import { GO_HEADERS, type Probe } from "./probe.ts";

const INDEX = "streams/v1/index2.json";

/** What an address shows. */
export interface ServedPlace {
  /** The name by which it shows a snapshot; undefined when it shows none. */
  readonly name: string | undefined;
  /** Why it shows none. */
  readonly facts: readonly FoundFact[];
}

/** Requests the index, as every client does first. Where it is not there it looks where it may be instead. */
export async function findServed(base: string, probe: Probe): Promise<ServedPlace> {
  const url = `${base}/${INDEX}`;
  const answer = await probe(url, { method: "GET", headers: GO_HEADERS, body: "keep" });
  const fault = statusFault(url, answer);
  if (fault !== undefined) {
    const other = fault.kind === "url-unreachable" ? undefined : await findElsewhere(base, probe);
    const found = `${fault.found}; the mirror is at ${other}`;
    return {
      name: undefined,
      facts: other === undefined ? [fault] : [{ kind: "url-path", where: base, found }],
    };
  }
  if (answer.kind !== "answer") return { name: undefined, facts: [] };
  const body = decode(answer) ?? answer.bytes;
  const name = servedName(body);
  if (name !== undefined) return { name, facts: [] };
  const text = Buffer.from(body).toString("utf8", 0, 2_000);
  const isHtml = isPage(answer.headers["content-type"], text);
  const found = isHtml ? `a page instead of the index: ${titleOf(text)}` : "it is no index of a jam mirror";
  return { name: undefined, facts: [{ kind: isHtml ? "url-error-page" : "url-altered", where: url, found }] };
}

/** Addresses that are easily taken for the right one. */
async function findElsewhere(base: string, probe: Probe): Promise<string | undefined> {
  const { origin } = new URL(base);
  const shorter = base.replace(/\/tools$/, "");
  const candidates = [`${base}/tools`, shorter, origin, `${origin}/tools`, `${shorter}/mirror-data/tools`];
  for (const candidate of new Set(candidates)) {
    if (candidate === base) continue;
    const answer = await probe(`${candidate}/${INDEX}`, { method: "GET", headers: GO_HEADERS, body: "keep" });
    if (answer.kind !== "answer" || answer.status !== 200) continue;
    if (servedName(decode(answer) ?? answer.bytes) !== undefined) return candidate;
  }
  return undefined;
}

/** What an address has to show, and what else this mirror shows. */
export interface ExpectedPlace {
  readonly ref: RefName;
  /** The snapshot that `ref` shows. */
  readonly id: string;
  /** The snapshots that are kept. */
  readonly kept: ReadonlySet<string>;
  /** The other refs of this mirror, and the snapshots that they show. */
  readonly others: readonly { readonly ref: RefName; readonly snapshot: string }[];
}

const CHANNEL_ADDRESS = /\/channel\/(?<name>[^/]+)\/tools$/;

/** The other channel whose address this is by its own text, whatever it shows. */
function refOfAddress(base: string, ref: RefName, others: ExpectedPlace["others"]): RefName | undefined {
  const name = CHANNEL_ADDRESS.exec(new URL(base).pathname)?.groups?.["name"];
  return others.find((other) => other.ref === name && name !== ref)?.ref;
}

/**
 * What to say where another ref shows the same snapshot, and the address itself does not name this one: the answers are the
 * same, whichever of the two is there.
 */
export function sameSnapshot(
  base: string,
  { ref, id, others }: Omit<ExpectedPlace, "kept">,
): FoundFact | undefined {
  const named = CHANNEL_ADDRESS.exec(new URL(base).pathname)?.groups?.["name"] ?? MIRROR_REF;
  const other = others.find((one) => one.ref === named) ?? others.find(({ snapshot }) => snapshot === id);
  if (named === ref || other?.snapshot !== id) return undefined;
  return {
    kind: "url-same-snapshot",
    where: base,
    found: `${describeRef(other.ref)} and ${describeRef(ref)} show the same snapshot now: this check cannot tell which of them the address serves; ${describeRef(ref)} is at ${addressPath(ref)}`,
  };
}

function describeRef(ref: RefName): string {
  return ref === MIRROR_REF ? "the mirror" : ref;
}

function addressPath(ref: RefName): string {
  return ref === MIRROR_REF ? "/tools" : `/channel/${ref}/tools`;
}

/** What is wrong when an address shows another snapshot than it should. */
export function staleness(
  base: string,
  name: string,
  { ref, id, kept, others }: ExpectedPlace,
): FoundFact | undefined {
  const shown = snapshotOfName(name);
  if (shown === id) return undefined;
  const url = `${base}/${INDEX}`;
  const other = others.find(({ snapshot }) => snapshot === shown)?.ref ?? refOfAddress(base, ref, others);
  if (other !== undefined && kept.has(shown)) {
    const found = `this is the address of ${describeRef(other)}; ${describeRef(ref)} is at ${addressPath(ref)}`;
    return { kind: "url-other-channel", where: url, found };
  }
  if (kept.has(shown))
    return { kind: "url-stale", where: url, found: `it shows snapshot ${shown}, the mirror shows ${id}` };
  return {
    kind: "url-other-mirror",
    where: url,
    found: `it shows snapshot ${shown}, which is not of this mirror`,
  };
}
