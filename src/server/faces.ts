import { isJamError, JamError } from "../shared/errors.ts";
import type { FaceTarball } from "../mirror/face.ts";
import type { BlobReader } from "../store/store.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { ServedDocument } from "./document.ts";
import { upstreamAway, type RefReader } from "./ref-reader.ts";
import type { MirrorView } from "./mirror-view.ts";
import { preferredEncoding } from "./negotiate.ts";
import { sendNotFound } from "./problem.ts";
import type { PullSource } from "./ports.ts";
import type { ProvenBlobs } from "./proven-blobs.ts";
import { type Exchange, type SendContext, sendDocument, sendTarball } from "./send.ts";
import { noteCacheUse } from "./request-log.ts";
import { sendPulled } from "./send-pulled.ts";
import { isMirrorsFile, isNeverCurated, parseTarget, snapshotInPath } from "./target.ts";
import type { VerbatimDocuments } from "./verbatim-documents.ts";

/** What every face is made of. */
export interface FaceContext extends SendContext {
  /** Reads what a ref shows. */
  readonly readerOf: (ref: RefName) => RefReader;
  readonly verbatim: VerbatimDocuments;
  readonly blobs: ProvenBlobs;
  /** Present in cache mode. */
  readonly pullThrough?: PullSource | undefined;
}

/** One face: what every face is made of, and the ref that this one shows. */
interface Face extends FaceContext {
  readonly reader: RefReader;
}

function openFace(context: FaceContext, ref: RefName): Face {
  return { ...context, reader: context.readerOf(ref) };
}

/** Under a snapshot's name a document never changes; a day is longer than any client works with one index. */
const IMMUTABLE = "public, max-age=86400, immutable";
const REVALIDATE = "public, no-cache";

/** Answers a request for `target`, the part of its URL after the face's name, with its leading slash. */
export type ServeFace = (exchange: Exchange, target: string) => Promise<void>;

/** `/tools/…`: the documents rendered from the snapshot that the ref shows, and tarballs by upstream's path. */
export function serveCuratedFace(context: FaceContext, ref: RefName): ServeFace {
  const face = openFace(context, ref);
  return async (exchange, target) => {
    const path = parseTarget(target);
    if (path === undefined || isNeverCurated(path)) {
      sendNotFound(exchange.response);
      return;
    }
    // All of an answer comes from one snapshot.
    const recent = await face.reader.current();
    const known = recent.documents.get(path);
    if (known !== undefined) {
      await serveDocument(exchange, { document: known, path, view: recent }, face);
      return;
    }
    // What it does not list may be of a snapshot that is newer than the last look.
    const view = recent.tarballs.has(path) ? recent : await face.reader.latest();
    const document = view.documents.get(path) ?? (await face.reader.keptDocument(view, path));
    // An answer of 404 for every document would send clients to the internet.
    if (document === undefined && view.documents.size === 0 && path.startsWith("streams/"))
      throw view.hidden > 0 ? upstreamAway() : allDamaged(view);
    if (document === undefined) await serveTarball(exchange, view, path, face);
    else await serveDocument(exchange, { document, path, view }, face);
  };
}

/** `/upstream/tools/…`: upstream's signed bytes while all they list is held, and tarballs by upstream's path. */
export function serveVerbatimFace(context: FaceContext, ref: RefName): ServeFace {
  const face = openFace(context, ref);
  return async (exchange, target) => {
    const path = parseTarget(target);
    if (path === undefined || isMirrorsFile(path)) {
      sendNotFound(exchange.response);
      return;
    }
    const view = await face.reader.latest();
    if (!path.startsWith("streams/")) {
      await serveTarball(exchange, view, path, face);
      return;
    }
    const { verbatim } = view.snapshot;
    if (!verbatim.complete) throw incomplete(verbatim.reason);
    const document = await face.verbatim.find(view, path);
    if (document === undefined) sendNotFound(exchange.response);
    else await serveDocument(exchange, { document, path, view }, face);
  };
}

/** A document of the current `view` or of an earlier snapshot, by the path that was asked for. */
interface FoundDocument {
  readonly document: ServedDocument;
  readonly path: string;
  readonly view: MirrorView;
}

/** How long a document of the view may be kept, by the path that was asked for. */
export function cacheControlOf(path: string, view: MirrorView): string {
  return neverChanges(path, view) ? IMMUTABLE : REVALIDATE;
}

/** Under the name of a whole snapshot, or of one without what is withdrawn now. */
function neverChanges(path: string, { ownFolder, withdrawnKey }: MirrorView): boolean {
  if (path.startsWith(ownFolder)) return true;
  return withdrawnKey === "" && snapshotInPath(path)?.includes(".") === false;
}

function serveDocument(
  exchange: Exchange,
  { document, path, view }: FoundDocument,
  context: FaceContext,
): Promise<void> {
  const options = {
    encoding: preferredEncoding(exchange.request.headers["accept-encoding"]),
    cacheControl: cacheControlOf(path, view),
  };
  return sendDocument(exchange, document, options, context);
}

async function serveTarball(
  exchange: Exchange,
  view: MirrorView,
  path: string,
  face: Face & { readonly hasCome?: boolean },
): Promise<void> {
  const listed = view.tarballs.get(path);
  const tarball =
    listed ?? (path.startsWith("streams/") ? undefined : await face.reader.keptTarball(view, path));
  if (tarball === undefined) {
    sendNotFound(exchange.response);
    return;
  }
  const { pullThrough } = face;
  let isDamaged = false;
  const blob = await openPatiently(exchange, tarball, face).catch((error: unknown) => {
    // A cache fetches a tarball again that is damaged or cannot be read, once for each request.
    isDamaged =
      pullThrough !== undefined &&
      face.hasCome !== true &&
      isJamError(error, "JAM_STORE_CORRUPT", "JAM_STORE_PERMISSION");
    if (isDamaged) return undefined;
    throw error;
  });
  if (blob === undefined && pullThrough !== undefined) {
    const isSent = await sendPulled(exchange, { ...tarball, path, isDamaged }, { ...face, pullThrough });
    return isSent ? undefined : serveTarball(exchange, view, path, { ...face, hasCome: true });
  }
  if (blob === undefined) {
    // Replaced and pruned since the look at the ref: no damage, and the new snapshot has the answer.
    const now = await face.reader.latest();
    if (now !== view) return serveTarball(exchange, now, path, face);
    // What only an older snapshot lists may be pruned by now; what the current one lists must be here.
    if (listed === undefined) sendNotFound(exchange.response);
    else throw face.blobs.missing(tarball.sha256);
    return;
  }
  // What has just come for this request was counted when it began to wait.
  if (pullThrough !== undefined && face.hasCome !== true) {
    pullThrough.use(tarball.sha256);
    noteCacheUse(exchange.request, "hit");
  }
  await sendTarball(exchange, blob, tarball.sha256, face);
}

/** A large tarball on a slow disk is hashed for longer than a silent connection is kept; this silence is ours. */
async function openPatiently(
  { request: { socket } }: Exchange,
  tarball: FaceTarball,
  { blobs, pace }: Face,
): Promise<BlobReader | undefined> {
  socket.setTimeout(0);
  try {
    return await blobs.open(tarball);
  } finally {
    socket.setTimeout(pace.windowMs);
  }
}

function allDamaged({ withdrawn }: MirrorView): JamError {
  return new JamError("JAM_STORE_CORRUPT", `All tarballs are damaged, of ${withdrawn.length} agents.`, {
    hint: "Run `jam sync` to fetch them again.",
  });
}

function incomplete(reason: string): JamError {
  return new JamError("JAM_FACE_INCOMPLETE", `Upstream's signed metadata is not served: ${reason}`, {
    hint: "Use the address ending in /tools, which lists exactly what this mirror contains.",
  });
}
