import type { Request, RequestHandler, Response } from "express";
import { JamError } from "../shared/errors.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { ServedDocument } from "./document.ts";
import type { RefReader } from "./ref-reader.ts";
import type { MirrorView } from "./mirror-view.ts";
import { ENCODINGS, type Encoding } from "./negotiate.ts";
import { sendNotFound } from "./problem.ts";
import type { ProvenBlobs } from "./proven-blobs.ts";
import { type SendContext, sendDocument, sendTarball } from "./send.ts";
import { isMirrorsFile, isNeverCurated, parseTarget, snapshotInPath } from "./target.ts";
import type { VerbatimDocuments } from "./verbatim-documents.ts";

/** What every face is made of. */
export interface FaceContext extends SendContext {
  /** Reads what a ref shows. */
  readonly readerOf: (ref: RefName) => RefReader;
  readonly verbatim: VerbatimDocuments;
  readonly blobs: ProvenBlobs;
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

/** `/tools/…`: the documents rendered from the snapshot that the ref shows, and tarballs by upstream's path. */
export function serveCuratedFace(context: FaceContext, ref: RefName): RequestHandler {
  const face = openFace(context, ref);
  return async (request, response) => {
    const path = parseTarget(request.url);
    if (path === undefined || isNeverCurated(path)) {
      sendNotFound(response);
      return;
    }
    // The one look at the ref: all of this answer comes from one snapshot.
    const view = await face.reader.current();
    const document = view.documents.get(path) ?? (await face.reader.keptDocument(view, path));
    if (document === undefined) await serveTarball({ request, response }, view, path, face);
    else await serveDocument({ request, response }, document, path, face);
  };
}

/** `/upstream/tools/…`: upstream's signed bytes while all they list is held, and tarballs by upstream's path. */
export function serveVerbatimFace(context: FaceContext, ref: RefName): RequestHandler {
  const face = openFace(context, ref);
  return async (request, response) => {
    const path = parseTarget(request.url);
    if (path === undefined || isMirrorsFile(path)) {
      sendNotFound(response);
      return;
    }
    const view = await face.reader.current();
    if (!path.startsWith("streams/")) {
      await serveTarball({ request, response }, view, path, face);
      return;
    }
    const { verbatim } = view.snapshot;
    if (!verbatim.complete) throw incomplete(verbatim.reason);
    const document = await face.verbatim.find(view, path);
    if (document === undefined) sendNotFound(response);
    else await serveDocument({ request, response }, document, path, face);
  };
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

async function serveDocument(
  exchange: Exchange,
  document: ServedDocument,
  path: string,
  context: FaceContext,
): Promise<void> {
  const encoding = exchange.request.acceptsEncodings([...ENCODINGS, "identity"]);
  const options = {
    encoding: ENCODINGS.find((one): one is Encoding => one === encoding),
    cacheControl: snapshotInPath(path) === undefined ? REVALIDATE : IMMUTABLE,
  };
  await sendDocument(exchange, document, options, context);
}

async function serveTarball(exchange: Exchange, view: MirrorView, path: string, face: Face): Promise<void> {
  const listed = view.tarballs.get(path);
  const tarball =
    listed ?? (path.startsWith("streams/") ? undefined : await face.reader.keptTarball(view, path));
  if (tarball === undefined) {
    sendNotFound(exchange.response);
    return;
  }
  const blob = await face.blobs.open(tarball);
  if (blob === undefined) {
    // Replaced and pruned since the look at the ref: no damage, and the new snapshot has the answer.
    const now = await face.reader.current();
    if (now !== view) return serveTarball(exchange, now, path, face);
    // What only an older snapshot lists may be pruned by now; what the current one lists must be here.
    if (listed === undefined) sendNotFound(exchange.response);
    else throw face.blobs.missing(tarball.sha256);
    return;
  }
  await sendTarball(exchange, blob, tarball.sha256, face);
}

function incomplete(reason: string): JamError {
  return new JamError("JAM_FACE_INCOMPLETE", `Upstream's signed metadata is not served: ${reason}`, {
    hint: "Use the address ending in /tools, which lists exactly what this mirror contains.",
  });
}
