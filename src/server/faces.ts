import type { Request, RequestHandler, Response } from "express";
import { JamError } from "../shared/errors.ts";
import type { ServedDocument } from "./document.ts";
import type { Mirror } from "./mirror.ts";
import type { MirrorView, Tarball } from "./mirror-view.ts";
import { ENCODINGS, type Encoding } from "./negotiate.ts";
import type { ServedStore } from "./ports.ts";
import { sendNotFound } from "./problem.ts";
import { type SendContext, sendDocument, sendTarball, tarballDamaged } from "./send.ts";
import { isMirrorsFile, isNeverCurated, parseTarget, snapshotInPath } from "./target.ts";
import type { VerbatimDocuments } from "./verbatim-documents.ts";

/** What the faces are made of. */
export interface FaceContext extends SendContext {
  readonly mirror: Mirror;
  readonly verbatim: VerbatimDocuments;
  readonly blobs: ServedStore["blobs"];
}

/** Under a snapshot's name a document never changes; a day is longer than any client works with one index. */
const IMMUTABLE = "public, max-age=86400, immutable";
const REVALIDATE = "public, no-cache";

/** `/tools/…`: the documents rendered from the current snapshot, and tarballs by upstream's path. */
export function serveCuratedFace(context: FaceContext): RequestHandler {
  return async (request, response) => {
    const path = parseTarget(request.url);
    if (path === undefined || isNeverCurated(path)) {
      sendNotFound(response);
      return;
    }
    // The one look at the ref: all of this answer comes from one snapshot.
    const view = await context.mirror.current();
    const document = view.documents.get(path) ?? (await context.mirror.keptDocument(view, path));
    if (document === undefined) await serveTarball({ request, response }, view, path, context);
    else await serveDocument({ request, response }, document, path, context);
  };
}

/** `/upstream/tools/…`: upstream's signed bytes while all they list is held, and tarballs by upstream's path. */
export function serveVerbatimFace(context: FaceContext): RequestHandler {
  return async (request, response) => {
    const path = parseTarget(request.url);
    if (path === undefined || isMirrorsFile(path)) {
      sendNotFound(response);
      return;
    }
    const view = await context.mirror.current();
    if (!path.startsWith("streams/")) {
      await serveTarball({ request, response }, view, path, context);
      return;
    }
    const { verbatim } = view.snapshot;
    if (!verbatim.complete) throw incomplete(verbatim.reason);
    const document = await context.verbatim.find(view, path);
    if (document === undefined) sendNotFound(response);
    else await serveDocument({ request, response }, document, path, context);
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

async function serveTarball(
  exchange: Exchange,
  view: MirrorView,
  path: string,
  context: FaceContext,
): Promise<void> {
  const listed = view.tarballs.get(path);
  const tarball =
    listed ?? (path.startsWith("streams/") ? undefined : await context.mirror.keptTarball(view, path));
  if (tarball === undefined) {
    sendNotFound(exchange.response);
    return;
  }
  const blob = await context.blobs.open(tarball.sha256);
  if (blob === undefined) {
    // Replaced and pruned since the look at the ref: no damage, and the new snapshot has the answer.
    const now = await context.mirror.current();
    if (now !== view) return serveTarball(exchange, now, path, context);
    // What only an older snapshot lists may be pruned by now; what the current one lists must be here.
    if (listed === undefined) sendNotFound(exchange.response);
    else throw reportDamage(context, tarball, "it is not in the store");
    return;
  }
  if (blob.size !== tarball.size) {
    await blob.close();
    throw reportDamage(context, tarball, `it has ${blob.size} bytes instead of ${tarball.size}`);
  }
  await sendTarball(exchange, blob, tarball.sha256, context);
}

function reportDamage(context: FaceContext, { sha256 }: Tarball, how: string): JamError {
  context.onDamage(sha256);
  return tarballDamaged(sha256, how);
}

function incomplete(reason: string): JamError {
  return new JamError("JAM_FACE_INCOMPLETE", `Upstream's signed metadata is not served: ${reason}`, {
    hint: "Use the address ending in /tools, which lists exactly what is held.",
  });
}
