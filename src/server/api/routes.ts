import { Router, type RequestHandler } from "express";
import { JamError } from "../../shared/errors.ts";
import { sendJson } from "../problem.ts";
import { Turns } from "../turns.ts";
import { createQueryAnswerer } from "./answer-query.ts";
import type { ApiContext } from "./context.ts";
import type { QueryResource } from "./query-resource.ts";
import { createBodyReader } from "./question-body.ts";
import { RESOURCE_NAMES, RESOURCES } from "./resources.ts";
import { answerBody, answerQuery } from "./which.ts";

/** `/api/v1/…`. */
export function serveApi(context: ApiContext): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const readBody = createBodyReader();
  api
    .route("/which")
    .get(answerQuery(context.readState))
    .post(readBody, answerBody(context, new Turns()))
    .all(refuseMethod("GET, HEAD, POST"));
  const answererOf = createQueryAnswerer(context);
  for (const name of RESOURCE_NAMES) {
    const answer = answererOf(RESOURCES[name] as QueryResource<typeof name>);
    const route = api.route(`/${name}`).get(answer);
    if (RESOURCES[name].body !== undefined) route.post(readBody, answer);
    route.all(refuseMethod(RESOURCES[name].body === undefined ? "GET, HEAD" : "GET, HEAD, POST"));
  }
  api.route("/openapi.json").get(sendDescription).all(refuseMethod("GET, HEAD"));
  return api;
}

let description: Buffer | undefined;

const sendDescription: RequestHandler = async (_request, response) => {
  const { describeApi } = await import("./openapi.ts");
  description ??= Buffer.from(`${JSON.stringify(describeApi())}\n`);
  sendJson(response, 200, description);
};

function refuseMethod(allowed: string): RequestHandler {
  return (_request, response, next) => {
    response.shouldKeepAlive = false;
    response.setHeader("Allow", allowed);
    next(new JamError("JAM_METHOD_NOT_ALLOWED", `Only ${allowed} are answered here.`));
  };
}
