import type { QueryName } from "../queries.ts";
import { agentsResource } from "./agents.ts";
import { channelsResource } from "./channels.ts";
import { explainResource } from "./explain.ts";
import { planResource } from "./plan.ts";
import type { QueryResource } from "./query-resource.ts";
import { readyResource } from "./ready.ts";
import { runsResource } from "./runs.ts";
import { sitesResource } from "./sites.ts";
import { statusResource } from "./status.ts";

/** Every resource that answers a query; the routes, the description and the tests go through this table. */
export const RESOURCES: { readonly [Name in QueryName]: QueryResource<Name> } = {
  status: statusResource,
  agents: agentsResource,
  channels: channelsResource,
  explain: explainResource,
  plan: planResource,
  ready: readyResource,
  sites: sitesResource,
  runs: runsResource,
};

export const RESOURCE_NAMES = Object.keys(RESOURCES) as readonly QueryName[];
