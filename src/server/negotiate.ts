import { LRUCache } from "lru-cache";

/** Content codings a document is offered in; a tarball never has one. */
export const ENCODINGS = ["br", "zstd", "gzip"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** What clients send is one of a few texts, so that each is read once. */
const preferences = new LRUCache<string, { readonly encoding: Encoding | undefined }>({ max: 100 });

/** The coding that a client prefers, by its `Accept-Encoding`; undefined for none. Source: RFC 9110 §12.5.3. */
export function preferredEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const known = preferences.get(header);
  if (known !== undefined) return known.encoding;
  const encoding = bestOf(header);
  // Longer texts are not worth their memory.
  if (header.length <= 200) preferences.set(header, { encoding });
  return encoding;
}

/** What a client says of one coding. */
interface Weighed {
  readonly coding: string;
  readonly q: number;
  /** Its place in the header: of codings that a client likes alike, it gets the one that it named first. */
  readonly place: number;
}

function bestOf(header: string): Encoding | undefined {
  const named = header.split(",", MAX_NAMED).flatMap(weigh);
  const least = Math.min(1, ...named.map(({ q }) => q || 1));
  const implied = { coding: "identity", q: least, place: named.length };
  const isNamed = named.some(({ coding }) => coding === "identity" || coding === "*");
  const weighed = isNamed ? named : [...named, implied];
  const [best] = [...ENCODINGS, "identity" as const]
    .map((coding) => ({ ...weightOf(coding, weighed), coding }))
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q || Number(b.isExact) - Number(a.isExact) || a.place - b.place);
  return best?.coding === "identity" ? undefined : best?.coding;
}

/** More codings than there are; a longer header is not read to its end. */
const MAX_NAMED = 64;

function weigh(text: string, place: number): Weighed[] {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  if (!/^[^\s;]+$/.test(name)) return [];
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
  const q = weight === undefined ? 1 : Number.parseFloat(weight.slice(weight.indexOf("=") + 1));
  return [{ coding: name, q: Number.isNaN(q) ? 0 : q, place }];
}

/** By the entry with its name, else by the one for all others. */
function weightOf(
  coding: string,
  weighed: readonly Weighed[],
): Pick<Weighed, "q" | "place"> & { readonly isExact: boolean } {
  const exact = weighed.filter((one) => one.coding === coding);
  const entries = exact.length > 0 ? exact : weighed.filter((one) => one.coding === "*");
  const [best] = entries.toSorted((a, b) => b.q - a.q || b.place - a.place);
  return { q: best?.q ?? 0, place: best?.place ?? 0, isExact: exact.length > 0 };
}

/**
 * The Content-Type of a tarball, without parameters. Juju 4.x compares it as a string: betas before November 2025 ask
 * for `application/gzip` and take nothing else, later ones take `application/x-gzip`.
 * Source: juju domain/agentbinary/service/simplestreamstore.go GetAgentBinaryWithSHA256, juju PR 21144.
 */
export function tarballType(accept: string | undefined): "application/x-gzip" | "application/gzip" {
  const named = mediaRanges(accept);
  return named.has("application/gzip") && !named.has("application/x-gzip")
    ? "application/gzip"
    : "application/x-gzip";
}

function mediaRanges(accept: string | undefined): Set<string> {
  const ranges = (accept ?? "").split(",", 32);
  return new Set(ranges.map((range) => (range.split(";", 1)[0] as string).trim().toLowerCase()));
}
