import express, { type ErrorRequestHandler } from "express";
import { JamError } from "../../shared/errors.ts";
import { ConnectionGone } from "../response-writer.ts";
import { sendNotFound, sendProblem } from "../problem.ts";
import type { ServePage } from "../status-pages.ts";
import type { ApiContext } from "./context.ts";
import { serveApi } from "./routes.ts";

/** The API below `path`. */
export function createApi(path: string, context: ApiContext): ServePage {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.use(path, serveApi(context));
  app.use((_request, response) => sendNotFound(response));
  app.use(sendError);
  return app;
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
