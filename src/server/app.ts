import type { ApiContext } from "./api/context.ts";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { FaceContext } from "./faces.ts";
import type { MetricSources } from "./metrics.ts";
import { ConnectionGone } from "./response-writer.ts";
import { sendNotFound, sendProblem } from "./problem.ts";
import { sendAlive, sendReadiness, sendStartPage } from "./status-pages.ts";

/** What the routes answer from. */
export interface AppContext
  extends Pick<FaceContext, "readerOf">, ApiContext, Omit<MetricSources, "reader"> {}

/** The routes for people and monitors; what Juju reads never comes here, see `handler`. */
export function createApp(context: AppContext): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  for (const { path, isExact, access, handler } of mountsOf(context)) {
    if (isExact === true) app.get(path, ADMISSION[access], handler);
    else app.use(path, ADMISSION[access], handler);
  }
  app.use((_request, response) => sendNotFound(response));
  app.use(sendError);
  return app;
}

/** For whom a mount is: `people` ask questions, `monitors` watch the server. Faces are for `juju`, who reads agents. */
type Access = "people" | "monitors";

interface Mount {
  readonly path: string;
  /** Only this path; else all below it. */
  readonly isExact?: true;
  readonly access: Access;
  readonly handler: RequestHandler;
}

/** Everything else that is served, and for whom. */
function mountsOf(context: AppContext): readonly Mount[] {
  const reader = context.readerOf(MIRROR_REF);
  return [
    { path: "/api/v1", access: "people", handler: serveApiOnDemand(context) },
    { path: "/healthz", isExact: true, access: "monitors", handler: sendAlive },
    { path: "/readyz", isExact: true, access: "monitors", handler: sendReadiness(reader) },
    { path: "/metrics", isExact: true, access: "monitors", handler: sendMetrics({ ...context, reader }) },
    { path: "/agents", isExact: true, access: "people", handler: sendAgentsOnDemand(context) },
    { path: "/", isExact: true, access: "people", handler: sendStartPage(reader) },
  ];
}

const admitEverybody: RequestHandler = (_request, _response, next) => next();

/** Who is admitted to which mounts: everybody who can reach the port. There are no users yet. */
const ADMISSION: Readonly<Record<Access, RequestHandler>> = {
  people: admitEverybody,
  monitors: admitEverybody,
};

/** Most servers never get a question: what answers one (schemas and rules, some 10 MB) is loaded with the first. */
function serveApiOnDemand(context: ApiContext): RequestHandler {
  let api: Promise<RequestHandler> | undefined;
  return async (request, response, next) => {
    api ??= import("./api/routes.ts").then(({ serveApi }) => serveApi(context));
    (await api)(request, response, next);
  };
}

/** Most servers are asked by no Prometheus: what writes its format is loaded with the first request. */
function sendMetrics(sources: MetricSources): RequestHandler {
  return async (_request, response) => {
    const { renderMetrics } = await import("./metrics.ts");
    const { contentType, text } = await renderMetrics(sources);
    const body = Buffer.from(text);
    response.writeHead(200, {
      "Content-Type": contentType,
      "Content-Length": body.length,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(body);
  };
}

function sendAgentsOnDemand({ readerOf, documents }: AppContext): RequestHandler {
  let page: Promise<RequestHandler> | undefined;
  return async (request, response, next) => {
    page ??= import("./agents-page.ts").then(({ sendAgentsPage }) =>
      sendAgentsPage(readerOf(MIRROR_REF), documents),
    );
    await (
      await page
    )(request, response, next);
  };
}

const sendError: ErrorRequestHandler = (error: unknown, request, response, _next) => {
  // The client left while its answer was being made; there is nobody to tell.
  if (error instanceof ConnectionGone) return;
  sendProblem(request, response, isClientFault(error) ? malformed(error) : error);
};

/** Errors that express raises for a request it cannot take apart, as for a broken percent-escape. */
function isClientFault(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof JamError || !("status" in error)) return false;
  return typeof error.status === "number" && error.status >= 400 && error.status < 500;
}

function malformed(cause: unknown): JamError {
  return new JamError("JAM_USAGE_INVALID", "The request cannot be understood.", { cause });
}
