import type { UpstreamDocument, Upstream } from "../upstream/source.ts";
import type { DocumentStore } from "../store/store.ts";
import { JamError } from "../shared/errors.ts";
import { parseStreamContentId } from "../juju/stream.ts";
import { parseIndexFile, type IndexEntry, type IndexFile } from "../simplestreams/index-file.ts";
import type { ContentId } from "../simplestreams/item.ts";
import { parseProductFile, type ProductFile } from "../simplestreams/product-file.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { checkFreshness, evaluateKeyExpiry, type Allowance } from "./freshness.ts";
import { readAccepted } from "../mirror/proofs.ts";
import { signersOf, withSignersBefore } from "../mirror/signers.ts";
import type { ProvenDocument } from "../mirror/snapshot.ts";
import { acceptedDocument, type AcceptedDocument, type AcceptedDocuments } from "../mirror/upstream-state.ts";
import { isForeign, isMissing, readAlone, sortRefused, type UnreadableProducts } from "./unreadable.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** What upstream lists, verified and coherent. */
export interface UpstreamMetadata {
  readonly index: IndexFile;
  /** The selected product files by content id; at least one unless the index lists none of them. */
  readonly products: ReadonlyMap<ContentId, ProductFile>;
  /** Selected product files that cannot be used. */
  readonly unreadable: readonly UnreadableProducts[];
  /** Agent content ids that the index lists and no rule asks for. */
  readonly unread: readonly ContentId[];
  /** Every document this rests on, in the order read: index first. */
  readonly documents: readonly AcceptedDocument[];
  /** Bytes of documents that are not kept as proof yet. */
  readonly fresh: readonly UpstreamDocument[];
  readonly warnings: readonly string[];
}

export interface MetadataRequest {
  readonly source: Upstream;
  readonly documents: DocumentStore;
  /** What was accepted of this upstream at the last run. An older document is refused. */
  readonly accepted: AcceptedDocuments;
  /** Further documents that were accepted here before, by hash. Default none. */
  readonly acceptedByHash?: ReadonlyMap<Sha256, ProvenDocument>;
  /** True for a product file to read; only called for those that list agents. A bad entry has no path. */
  readonly wants: (entry: Pick<IndexEntry, "contentId"> & Partial<IndexEntry>, stream: string) => boolean;
  readonly allow: ReadonlySet<Allowance>;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called before each wait. Default: nothing is called. */
  readonly observe?: SyncObserver;
  readonly signal: AbortSignal;
}

/** Upstream publishes file by file; a set read in the middle of that is read up to this many times. */
const SET_ATTEMPTS = 3;
const SET_RETRY_MS = 2_000;

/**
 * Reads the index and every product file that a rule asks for: conditionally, in one round when nothing moved,
 * and again when upstream was publishing meanwhile.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_…
 */
export async function readMetadata(request: MetadataRequest): Promise<UpstreamMetadata> {
  let before: UpstreamMetadata | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === SET_ATTEMPTS;
    const metadata = await readSet(request);
    const fault = describeIncoherence(metadata, before);
    const isWhole = !metadata.unreadable.some((one) => isMissing(one) || isForeign(one));
    const isAccepted = fault === undefined || request.allow.has("inconsistent");
    if (isAccepted && (isWhole || isLast)) {
      const warnings = [...metadata.warnings, ...(fault === undefined ? [] : [fault])];
      return requireSome({ ...metadata, warnings });
    }
    if (isLast) {
      throw new JamError("JAM_UPSTREAM_INCONSISTENT", `${request.source.url}: ${fault}`, {
        hint: "Upstream is probably publishing at this moment: run again in a few minutes. If it stays like this, repeat the command with --allow inconsistent",
        details: { upstream: request.source.name, attempts: attempt },
      });
    }
    before = metadata;
    const waitMs = SET_RETRY_MS * attempt;
    const doubt = metadata.unreadable.find((one) => isMissing(one) || isForeign(one));
    request.observe?.({
      kind: "wait",
      source: request.source.name,
      path: doubt?.path ?? "streams/v1",
      message: `upstream is probably publishing at this moment: ${fault ?? doubt?.error.message}`,
      waitMs,
      askedBy: "jam",
      attempt: attempt + 1,
      attempts: SET_ATTEMPTS,
    });
    await request.sleep(waitMs, request.signal);
  }
}

/** One product file that cannot be used leaves the others alone; when none can be used the run ends. */
function requireSome(metadata: UpstreamMetadata): UpstreamMetadata {
  const [first] = metadata.unreadable;
  if (first !== undefined && metadata.products.size === 0) throw first.error;
  return metadata;
}

async function readSet(request: MetadataRequest): Promise<UpstreamMetadata> {
  const reader = new SetReader(request);
  const index = await reader.readIndex();
  const refused = sortRefused(index, (contentId, stream) => request.wants({ contentId }, stream));
  const wanted: IndexEntry[] = [];
  const unread: ContentId[] = [...refused.others];
  for (const entry of index.entries.values()) {
    const stream = parseStreamContentId(entry.contentId)?.stream;
    if (stream !== undefined && request.wants(entry, stream)) wanted.push(entry);
    else unread.push(entry.contentId);
  }
  const read = await Promise.all(wanted.map((entry) => readAlone(entry, () => reader.readProducts(entry))));
  const products = new Map(read.flatMap((one) => ("file" in one ? [[one.entry.contentId, one.file]] : [])));
  const unreadable = read.flatMap((one) =>
    "error" in one ? [{ contentId: one.entry.contentId, path: one.entry.path, error: one.error }] : [],
  );
  const used = reader.used(index, products);
  const warnings = checkFreshness(used.documents, request.accepted, {
    now: request.now(),
    allow: request.allow,
  });
  return {
    index,
    products,
    unread,
    unreadable: [...refused.wanted, ...unreadable],
    ...used,
    warnings: [...reader.warnings, ...warnings],
  };
}

/** One pass over upstream's documents; known ones are requested conditionally and ahead of time. */
class SetReader {
  readonly warnings: string[] = [];
  readonly #accepted = new Map<string, AcceptedDocument>();
  readonly #fresh = new Map<string, UpstreamDocument>();
  #indexPath = "";
  readonly #request: MetadataRequest;
  readonly #suffix: string;
  readonly #documents = new Map<string, AcceptedDocument | UpstreamDocument>();
  readonly #started = new Map<string, Promise<string | undefined>>();

  constructor(request: MetadataRequest) {
    this.#request = request;
    this.#suffix = request.source.verifies ? ".sjson" : ".json";
    for (const path of request.accepted.keys()) {
      if (path.endsWith(this.#suffix)) this.#read(path).catch(() => undefined);
    }
  }

  async readIndex(): Promise<IndexFile> {
    for (const name of ["index2", "index"]) {
      const path = `streams/v1/${name}${this.#suffix}`;
      const text = await this.#read(path);
      if (text === undefined) {
        this.#refuseLostIndex(path);
        continue;
      }
      const index = parseIndexFile(text, path);
      this.#indexPath = path;
      this.#accept(path, index.updatedAt);
      return index;
    }
    const { source } = this.#request;
    throw new JamError("JAM_UPSTREAM_NOT_FOUND", `${source.url} has no streams/v1/index2${this.#suffix}.`, {
      hint: source.verifies
        ? "Check that the URL ends where streams/v1 begins (…/juju/tools/). A tree without signatures needs `keyring: none`."
        : "Check that the URL ends where streams/v1 begins (…/juju/tools/).",
      details: { upstream: source.name, url: source.url },
    });
  }

  /** The older index lists released tools only: falling back to it would remove every agent. */
  #refuseLostIndex(path: string): void {
    const { source, accepted, allow } = this.#request;
    const known = accepted.get(path);
    if (known?.url.startsWith(source.url) !== true || allow.has("rollback")) return;
    throw new JamError("JAM_UPSTREAM_NOT_FOUND", `${known.url} was there before and is missing now.`, {
      hint: "Upstream may be publishing at this moment: run again in a few minutes. If it no longer has such an index, repeat the command with --allow rollback",
      details: { upstream: source.name, path },
    });
  }

  async readProducts(entry: IndexEntry): Promise<ProductFile> {
    const text = await this.#read(entry.path);
    if (text === undefined) {
      throw new JamError(
        "JAM_UPSTREAM_NOT_FOUND",
        `${entry.path} is listed in upstream's index but is missing.`,
        {
          hint: "Upstream may be publishing at this moment: run again in a few minutes.",
          details: { upstream: this.#request.source.name, path: entry.path, contentId: entry.contentId },
        },
      );
    }
    const file = parseProductFile(text, entry.path);
    this.#accept(entry.path, file.updatedAt);
    return file;
  }

  /**
   * The documents that index and products rest on, in the order of the index. What cannot be used proves
   * nothing and is not recorded.
   */
  used(
    index: IndexFile,
    products: ReadonlyMap<ContentId, ProductFile>,
  ): Pick<UpstreamMetadata, "documents" | "fresh"> {
    const paths = [...products.keys()].map((contentId) => index.entries.get(contentId)?.path ?? "");
    const used = [...new Set([this.#indexPath, ...paths])];
    return {
      documents: used.flatMap((path) => this.#accepted.get(path) ?? []),
      fresh: used.flatMap((path) => this.#fresh.get(path) ?? []),
    };
  }

  #accept(path: string, updatedAt: Date | undefined): void {
    const document = this.#documents.get(path) as AcceptedDocument | UpstreamDocument;
    if (!("bytes" in document)) {
      this.#accepted.set(path, document);
      return;
    }
    const { accepted, acceptedByHash, allow, now } = this.#request;
    const known = accepted.get(path);
    const before = known?.sha256 === document.sha256 ? known : acceptedByHash?.get(document.sha256);
    const { keyExpiredAt, warning } = evaluateKeyExpiry(document, before, { allow, now: now() });
    if (warning !== undefined) this.warnings.push(warning);
    this.#fresh.set(path, document);
    this.#accepted.set(path, acceptedDocument(document, updatedAt, keyExpiredAt));
  }

  /** The trusted text of a document, or undefined when upstream has none; each path is requested once. */
  #read(path: string): Promise<string | undefined> {
    let answer = this.#started.get(path);
    if (answer === undefined) {
      answer = this.#readOnce(path);
      this.#started.set(path, answer);
    }
    return answer;
  }

  async #readOnce(path: string): Promise<string | undefined> {
    const { source, accepted, signal } = this.#request;
    const known = accepted.get(path);
    const kept = known === undefined ? undefined : await this.#readKept(known);
    const validators = kept === undefined ? undefined : known?.validators;
    const answer = await source.readDocument(path, validators, signal).catch((error: unknown) => {
      throw withSignersBefore(error, signersOf(accepted.values()));
    });
    if (answer.kind === "not-found") return undefined;
    if (answer.kind === "found") {
      if (source.verifies && answer.document.signature === undefined) {
        throw new JamError("JAM_METADATA_UNSIGNED", `${answer.document.url} is not signed.`, {
          hint: "Upstream's signed index names an unsigned document: report it to the operator of that upstream.",
          details: { upstream: source.name, path },
        });
      }
      this.#documents.set(path, answer.document);
      return answer.document.text;
    }
    if (kept === undefined) {
      throw new JamError(
        "JAM_UPSTREAM_STATUS",
        `${path}: the server answered 304 Not Modified to an unconditional request.`,
        {
          hint: "A cache between here and upstream misbehaves.",
          details: { upstream: source.name, path },
        },
      );
    }
    this.#documents.set(path, kept.document);
    return kept.text();
  }

  /** A document accepted before that is still valid; one that is not is named in a warning and requested unconditionally. */
  async #readKept(known: AcceptedDocument) {
    const kept = await readAccepted(known, this.#request);
    if (kept?.kind !== "refused") return kept;
    this.warnings.push(
      `The copy of ${known.path} that was accepted before is no longer used; it was read again: ${kept.reason}`,
    );
    return undefined;
  }
}

/**
 * What shows that these documents were not published together, or undefined. A product file that is newer than the
 * index says was read in the middle of publishing, unless the set is the same as when it was read `before`: then upstream
 * has finished, and dates its files that way.
 */
function describeIncoherence(
  metadata: UpstreamMetadata,
  before: UpstreamMetadata | undefined,
): string | undefined {
  const isSettled = metadata.fresh.length === 0 || identityOf(metadata) === identityOf(before);
  for (const [contentId, file] of metadata.products) {
    const entry = metadata.index.entries.get(contentId) as IndexEntry;
    if (entry.updatedAt === undefined || file.updatedAt === undefined) continue;
    const dates = `(${formatLocalTime(entry.updatedAt)} against ${formatLocalTime(file.updatedAt)})`;
    if (file.updatedAt < entry.updatedAt) return `the index is newer than ${entry.path} ${dates}.`;
    if (file.updatedAt > entry.updatedAt && !isSettled)
      return `the index is older than ${entry.path} ${dates}.`;
  }
  return undefined;
}

function identityOf(metadata: UpstreamMetadata | undefined): string | undefined {
  return metadata?.documents
    .map(({ sha256 }) => sha256)
    .sort()
    .join();
}
