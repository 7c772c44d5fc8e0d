import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type AppContext, createApp } from "./app.ts";
import { type ChannelFaceContext, serveChannelFaces } from "./channel-face.ts";
import { type ServeFace, serveCuratedFace, serveVerbatimFace } from "./faces.ts";
import type { JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { sendProblem } from "./problem.ts";
import { guardRequest } from "./request-guard.ts";
import { type RequestRecord, logRequest } from "./request-log.ts";
import { ConnectionGone } from "./response-writer.ts";

/** What stands around all answers. */
export interface HandlerOptions {
  readonly log: (record: RequestRecord) => void;
  /** Why a connection gets no answer; undefined when it gets one. */
  readonly refusalOf: (socket: Socket) => JamError | undefined;
}

/**
 * Answers all requests. What Juju reads, some hundred thousand times in an upgrade of a fleet, is answered without a
 * router; `app` has the rest. Paths are compared exactly: case and trailing slashes count.
 */
export function createHandler(
  context: ChannelFaceContext & AppContext,
  options: HandlerOptions,
): RequestListener {
  const app = createApp(context);
  const faces = [
    { prefix: "/tools/", serve: serveCuratedFace(context, MIRROR_REF) },
    { prefix: "/upstream/tools/", serve: serveVerbatimFace(context, MIRROR_REF) },
    { prefix: "/channel/", serve: serveChannelFaces(context) },
  ];
  return (request, response) => {
    logRequest(request, response, options.log);
    const refusal = guardRequest(request, response) ?? options.refusalOf(request.socket);
    if (refusal !== undefined) {
      response.shouldKeepAlive = false;
      sendProblem(request, response, refusal);
      return;
    }
    const url = request.url ?? "";
    const face = faces.find(({ prefix }) => url.startsWith(prefix));
    if (face === undefined) void app(request, response);
    else void answer(face.serve, { request, response }, url.slice(face.prefix.length - 1));
  };
}

async function answer(
  serve: ServeFace,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  target: string,
): Promise<void> {
  try {
    await serve(exchange, target);
  } catch (error) {
    // The client left while its answer was being made; there is nobody to tell.
    if (!(error instanceof ConnectionGone)) sendProblem(exchange.request, exchange.response, error);
  }
}
