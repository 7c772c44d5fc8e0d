import type { IncomingMessage } from "node:http";
import type { ApiContext } from "./api/context.ts";
import type { FaceContext } from "./faces.ts";
import type { MetricSources } from "./metrics.ts";
import type { ServedStore } from "./ports.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { sendNotFound, sendProblem } from "./problem.ts";
import { ConnectionGone } from "./response-writer.ts";
import { type ServePage, sendAlive, sendReadiness, sendStartPage } from "./status-pages.ts";

/** What the routes answer from. */
export interface AppContext
  extends
    Pick<FaceContext, "readerOf">,
    Pick<ServedStore, "refs">,
    ApiContext,
    Omit<MetricSources, "reader"> {}

/**
 * Answers people and monitors; what Juju reads never comes here, see `handler`. Most servers are never asked a question
 * and never read by Prometheus: what these need is loaded with the first request for it, express (with the API) included.
 */
export function createApp(context: AppContext): ServePage {
  const mounts = mountsOf(context);
  const api = mounts.find(({ path }) => path === API);
  const pages = new Map(mounts.map((mount) => [mount.path, mount]));
  return async (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const mount = path.startsWith(`${API}/`) ? api : pages.get(path);
    if (mount === undefined) {
      sendNotFound(response);
      return;
    }
    try {
      ADMISSION[mount.access](request);
      await mount.serve(request, response);
    } catch (error) {
      // The client left while its answer was being made; there is nobody to tell.
      if (!(error instanceof ConnectionGone)) sendProblem(request, response, error);
    }
  };
}

/** For whom a mount is: `people` ask questions, `monitors` watch the server. Faces are for `juju`, who reads agents. */
type Access = "people" | "monitors";

interface Mount {
  /** Compared exactly: case and trailing slashes count. */
  readonly path: string;
  readonly access: Access;
  readonly serve: ServePage;
}

/** With all that is below it. */
const API = "/api/v1";

/** Everything else that is served, and for whom. */
function mountsOf(context: AppContext): readonly Mount[] {
  const reader = context.readerOf(MIRROR_REF);
  return [
    { path: API, access: "people", serve: onDemand(() => loadApi(context)) },
    { path: "/healthz", access: "monitors", serve: sendAlive },
    { path: "/readyz", access: "monitors", serve: sendReadiness(reader, context.offer) },
    { path: "/metrics", access: "monitors", serve: sendMetrics({ ...context, reader }) },
    { path: "/agents", access: "people", serve: onDemand(() => loadAgentsPage(context)) },
    { path: "/", access: "people", serve: sendStartPage(reader, context.refs, context.offer) },
  ];
}

/**
 * Refuses who is not admitted, by what it throws: everybody who can reach the port is. There are no users yet.
 */
const ADMISSION: Readonly<Record<Access, (request: IncomingMessage) => void>> = {
  people: () => undefined,
  monitors: () => undefined,
};

function onDemand(load: () => Promise<ServePage>): ServePage {
  let loaded: Promise<ServePage> | undefined;
  return async (request, response) => {
    loaded ??= load();
    await (
      await loaded
    )(request, response);
  };
}

/** Schemas, rules and express: some 20 MB. */
async function loadApi(context: ApiContext): Promise<ServePage> {
  const { createApi } = await import("./api/app.ts");
  return createApi(API, context);
}

async function loadAgentsPage({ readerOf, documents }: AppContext): Promise<ServePage> {
  const { sendAgentsPage } = await import("./agents-page.ts");
  return sendAgentsPage(readerOf(MIRROR_REF), documents);
}

function sendMetrics(sources: MetricSources): ServePage {
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
