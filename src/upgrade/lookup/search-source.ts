import type { ContentId, ProductId } from "../../simplestreams/item.ts";
import { formatMajorMinor } from "../../juju/version.ts";
import {
  type Cloud,
  chooseReference,
  readMirrorPlace,
  readMirrorReferences,
  type MirrorPlace,
  type MirrorReference,
} from "../../juju/metadata-search/mirrors-document.ts";
import { isFault, type LookupFault } from "../../juju/metadata-search/rules.ts";
import { UnreadableJson } from "../../juju/metadata-search/go-json.ts";
import { productPathOf, readJujuIndex, type JujuIndex } from "../../juju/metadata-search/index-document.ts";
import { matchItems, type MatchedItem } from "../../juju/metadata-search/match-items.ts";
import { readJujuProducts } from "../../juju/metadata-search/product-document.ts";
import { joinUrl, readDocument, type LookupPass, type LookupRun } from "./read-document.ts";
import type { LookupFilter } from "../../juju/metadata-search/scope.ts";
import type { LookupSource } from "./lookup-source.ts";

/** What is wanted of one stream. */
export interface StreamQuery {
  readonly contentId: ContentId;
  readonly productIds: readonly ProductId[];
  readonly releases: ReadonlySet<string>;
  readonly filter: LookupFilter;
  readonly cloud: Cloud;
}

/** Where the answer for a stream came from. */
export interface StreamAnswer {
  readonly source: string;
  readonly signed: boolean;
  readonly indexUrl: string;
  /** Where mirrors.json sent the model. */
  readonly mirrorUrl?: string;
}

/** What one pass ends with; `answer` also where nothing matched, since the metadata was there. */
export interface PassResult {
  readonly items: readonly (MatchedItem & { readonly url: string })[];
  readonly fault: LookupFault | undefined;
  readonly answer: StreamAnswer | undefined;
}

/**
 * One way through a source: index, mirrors, product file.
 * Source: juju environs/simplestreams getMaybeSignedMetadata.
 */
export async function searchPass(run: LookupRun, pass: LookupPass, query: StreamQuery): Promise<PassResult> {
  const opened = await openIndex(run, pass, query);
  if (isFault(opened)) return failed(opened);
  const { indexUrl, index, mirror } = opened;
  const answer = {
    source: pass.source.name,
    signed: pass.isSigned,
    indexUrl,
    ...(mirror === undefined ? {} : { mirrorUrl: mirror.url }),
  };
  const source = mirror === undefined ? pass.source : mirrorSource(pass.source, mirror);
  // A mirror without a path of its own has the file where the index names it.
  const place =
    mirror !== undefined && mirror.path !== "" ? mirror : productPathOf(index, query.contentId, query);
  const found = isFault(place)
    ? noteProducts(run, place)
    : await readProducts(run, { ...pass, source }, query, place.path);
  if (isFault(found)) return { items: [], fault: found, answer };
  const items = found.items.map((item) => ({ ...item, url: joinUrl(source.url, item.path) }));
  return { items, fault: undefined, answer };
}

function failed(fault: LookupFault): PassResult {
  return { items: [], fault, answer: undefined };
}

function mirrorSource(source: LookupSource, mirror: MirrorPlace): LookupSource {
  return { ...source, name: "mirror", url: mirror.url };
}

interface OpenedIndex {
  readonly indexUrl: string;
  readonly index: JujuIndex;
  readonly mirror: MirrorPlace | undefined;
}

async function openIndex(
  run: LookupRun,
  pass: LookupPass,
  query: StreamQuery,
): Promise<OpenedIndex | LookupFault> {
  let fault: LookupFault = { fault: "not-found", reason: "no index" };
  for (const name of run.rules.indexes) {
    const path = `streams/v1/${name}${ending(pass)}`;
    const index = await readDocument(run, pass, { document: "index", path }, (bytes) =>
      reading(() => {
        const value = readJujuIndex(bytes);
        return { value, note: indexNote(value, query) };
      }),
    );
    if (!isFault(index)) {
      const mirrors = await readMirrors(run, pass, query);
      return isFault(mirrors) ? mirrors : { indexUrl: joinUrl(pass.source.url, path), index, ...mirrors };
    }
    fault = index;
    if (fault.fault !== "not-found" && fault.fault !== "unauthorized") break;
  }
  return fault;
}

function ending({ isSigned }: LookupPass): string {
  return isSigned ? ".sjson" : ".json";
}

function indexNote(index: JujuIndex, { contentId }: StreamQuery): string {
  const entry = index.get(contentId);
  return entry === undefined ? `has no ${contentId}` : `names ${entry.path} for ${contentId}`;
}

/**
 * Where mirrors.json sends a model of that cloud. A fault ends the pass, but for one of the second document.
 * Source: juju environs/simplestreams getMirrorRefs, getMirror, GetIndexWithFormat.
 */
async function readMirrors(
  run: LookupRun,
  pass: LookupPass,
  { contentId, cloud }: StreamQuery,
): Promise<Pick<OpenedIndex, "mirror"> | LookupFault> {
  const path = `streams/v1/mirrors${ending(pass)}`;
  const references = await readDocument(run, pass, { document: "mirrors", path }, (bytes) =>
    reading(() => {
      const value = readMirrorReferences(bytes, contentId);
      return {
        value,
        note: value.length === 0 ? `names no mirror for ${contentId}` : `names mirrors for ${contentId}`,
      };
    }),
  );
  if (isFault(references)) {
    const isAbsent = references.fault === "not-found" || references.fault === "unauthorized";
    return isAbsent ? { mirror: undefined } : references;
  }
  const reference = chooseReference(references, cloud);
  noteOthers(run, references, reference);
  if (reference === undefined) return { mirror: undefined };
  const list = await readDocument(run, pass, { document: "mirror-list", path: reference.path }, (bytes) =>
    reading(() => {
      const mirror = readMirrorPlace(bytes, contentId, cloud);
      return {
        value: { mirror },
        note: mirror === undefined ? "names no mirror for this cloud" : `sends the model to ${mirror.url}`,
      };
    }),
  );
  const mirror = isFault(list) ? undefined : list.mirror;
  if (mirror !== undefined) run.mirrors.followed.add(mirror.url);
  return { mirror };
}

function noteOthers(run: LookupRun, all: readonly MirrorReference[], own: MirrorReference | undefined): void {
  for (const reference of all) {
    if (reference === own) continue;
    for (const { region } of reference.clouds) run.mirrors.otherRegions.add(region);
  }
}

async function readProducts(
  run: LookupRun,
  pass: LookupPass,
  query: StreamQuery,
  path: string,
): Promise<{ readonly items: readonly MatchedItem[] } | LookupFault> {
  const found = await readDocument(run, pass, { document: "products", path }, (bytes) => {
    const products = reading(() => ({ value: readJujuProducts(bytes), note: "" }));
    if (isFault(products)) return products;
    const matches = matchItems(products.value, { ...query, versions: run.rules.versions });
    if (isFault(matches)) return matches;
    const { items, seen } = matches;
    return {
      value: { items },
      note: `${items.length} of ${seen} items ${items.length === 1 ? "fits" : "fit"} ${filterText(query.filter)}`,
    };
  });
  const isMissing = isFault(found) && (found.fault === "not-found" || found.fault === "unauthorized");
  if (!isMissing || run.rules.keepsProductFailure) return found;
  return { fault: "failed", reason: `cannot read product data: ${found.reason}` };
}

/** The index has no file to read: that is a result of reading the index, so it is part of its step. */
function noteProducts(run: LookupRun, fault: LookupFault): LookupFault {
  const at = run.steps.findLastIndex(({ document }) => document === "index");
  const step = run.steps[at];
  if (step !== undefined) run.steps[at] = { ...step, note: fault.reason };
  return fault;
}

function filterText({ number, major, minor }: LookupFilter): string {
  if (number !== undefined) return "the wanted version";
  if (major === undefined) return "any version";
  return minor === undefined ? `major ${major}` : formatMajorMinor({ major, minor });
}

function reading<T>(read: () => T): T | LookupFault {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableJson)) throw error;
    return { fault: "failed", reason: error.message };
  }
}
