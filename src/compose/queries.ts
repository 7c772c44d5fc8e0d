import { hostname } from "node:os";
import { listSites, openDeltaSizes } from "../bundle/site/list-sites.ts";
import type { Config } from "../config/config.ts";
import { formatToolsUrl } from "../config/values.ts";
import { parseMirrorUrl } from "../juju/mirror-url.ts";
import { explainNamed } from "../mirror/explain-agents.ts";
import { knowledgeOf } from "../mirror/knowledge.ts";
import { listAgents } from "../mirror/list-agents.ts";
import { readReports } from "../mirror/run-report.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import { publicStatus } from "../server/api/status.ts";
import { hideLocal, publicReport } from "../server/public-view.ts";
import type { Page, PlanQuery, QueryInputs, QueryName } from "../server/queries.ts";
import { JamError } from "../shared/errors.ts";
import type { Store } from "../store/store.ts";
import { adviseOn } from "../upgrade/fetch-hint.ts";
import { readFleet } from "../upgrade/fleet/read-fleet.ts";
import { createKnownReader, findUsableAgents, type KnownAgents } from "../upgrade/known-agents.ts";
import { parsePlan, type PlanDocument } from "../upgrade/plan/plan-document.ts";
import { planFrom } from "../upgrade/plan/make-plan.ts";
import { readPlanParameters } from "../upgrade/plan/parameters.ts";
import { judgeReadiness } from "../upgrade/ready/ready.ts";
import { composeStatus } from "./status.ts";
import { openStore } from "./store.ts";

/** What answers each query of the API: the document that the command prints, as anybody may see it. */
export type QueryAnswers = {
  readonly [Name in QueryName]: (input: QueryInputs[Name]) => Promise<object>;
};

interface Sources {
  readonly config: Config;
  readonly store: Store;
  readonly readKnown: () => Promise<KnownAgents>;
}

const BODY = "The request's body";

/** Answers from this mirror, without any request. What is read stays in memory until a sync or an import changes it. */
export async function composeQueries(config: Config): Promise<QueryAnswers> {
  const store = await openStore(config);
  const sources: Sources = { config, store, readKnown: createKnownReader(store) };
  const hide = hideLocal(
    [config.data, config.keys, ...config.upstreams.map(({ url }) => url)].filter(isPath),
  );
  return {
    status: async (input) => publicStatus(await composeStatus(config, input), hide),
    runs: async ({ runs }) => {
      const reports = await readReports(store.documents, runs);
      return { runs: reports.map((report) => publicReport(report, hide)) };
    },
    agents: async ({ offset, limit, ...wanted }) => {
      const { document } = listAgents(await requireShown(sources), wanted);
      return pageOf(document, { offset, limit });
    },
    explain: async ({ agent, ...page }) => pageOf(await explain(agent, sources), page),
    plan: (query) => plan(query, sources),
    ready: async ({ plan: wanted, confirm }) =>
      judgeReadiness({
        plan:
          typeof wanted === "string" ? parsePlan({ name: BODY, text: wanted }) : await plan(wanted, sources),
        snapshot: await requireShown(sources),
        blobs: store.blobs,
        knowledge: await knowledgeOf(store.documents, config.advice),
        isDeep: false,
        confirmed: confirm,
        now: () => new Date(),
        signal: new AbortController().signal,
      }),
    sites: async (page) => {
      // Anybody may ask, so the key that signs bundles is not touched: sizes are those without a signature.
      const sizes = await openDeltaSizes(store, { advice: config.advice, signer: undefined });
      return listSites(store, sizes, page);
    },
  };
}

function isPath(text: string): boolean {
  return text.startsWith("/");
}

async function explain(name: string, { config: { rules, mode }, readKnown }: Sources) {
  const { held } = await readKnown();
  const settings = { rules, isOffline: mode === "offline" };
  const { document } = await explainNamed(name, {
    held,
    upstream: undefined,
    rules,
    advise: () => adviseOn({ word: name }, settings, readKnown),
  });
  return document;
}

async function plan(query: PlanQuery, { config, store, readKnown }: Sources): Promise<PlanDocument> {
  const known = await readKnown();
  const wish = readPlanParameters(query.parameters, {
    hasFleet: query.fleet !== undefined,
    known: {
      held: known.held.map(({ version }) => version),
      upstream: (known.upstream ?? []).map(({ version }) => version),
    },
    nameOf: (field) => (field === "fleet" ? "a body" : field),
    example: "GET /api/v1/plan?from=2.9.10&to=3.6, or POST /api/v1/plan?to=3.6 with what juju status printed",
  });
  const fleet = query.fleet === undefined ? undefined : readFleet([{ name: BODY, text: query.fleet }]);
  const ask = query.held ? "held" : "never";
  const made = planFrom(wish, {
    fleet,
    known: await findUsableAgents(known, { streams: wish.streams, ask, deny: config.rules.deny }),
    knowledge: await knowledgeOf(store.documents, config.advice),
    select: config.rules.select,
    mirror: parseMirrorUrl(query.url ?? formatToolsUrl(config.server, hostname()), "url"),
    now: new Date(),
  });
  return wish.notes.length === 0 ? made : { ...made, warnings: [...wish.notes, ...made.warnings] };
}

/** The message names no folder: that is the operator's business. */
async function requireShown({ readKnown }: Sources): Promise<Snapshot> {
  const { snapshot } = await readKnown();
  if (snapshot !== undefined) return snapshot;
  throw new JamError("JAM_MIRROR_EMPTY", "Nothing has been published yet.", {
    hint: "Run `jam sync` on the machine that holds this mirror.",
  });
}

/** The rows that were asked for; `omitted` counts all others. */
function pageOf(document: { readonly agents: readonly unknown[] }, { offset, limit }: Page): object {
  const agents = document.agents.slice(offset, offset + limit);
  const omitted = document.agents.length - agents.length;
  return omitted === 0 ? document : { ...document, agents, omitted: { agents: omitted } };
}
