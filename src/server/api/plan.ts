import { planDocument } from "../../upgrade/plan/plan-document.ts";
import type { PlanQuery } from "../queries.ts";
import type { QueryParameter, QueryValues } from "./query-parameters.ts";
import { CHANNEL_PARAMETER, type QueryResource } from "./query-resource.ts";

/** The parameters of a plan. */
export const PLAN_PARAMETERS: readonly QueryParameter[] = [
  { name: "from", takes: "text", meaning: "version that controller and models run now; not with a body" },
  { name: "to", takes: "text", meaning: "target version; a minor version (3.6) means its newest patch" },
  { name: "model-type", takes: "choice", of: ["iaas", "caas"], meaning: "kind of the models, with from" },
  { name: "arch", takes: "words", meaning: "architectures, where no status lists them" },
  { name: "os", takes: "words", meaning: "OS types, where no status lists them" },
  { name: "series", takes: "words", meaning: "series, which Juju up to 2.8 requests" },
  { name: "release", takes: "words", meaning: "OS types and series together" },
  {
    name: "client",
    takes: "words",
    meaning: "versions of clients in use; a client bootstraps exactly its own version",
  },
  { name: "stream", takes: "text", meaning: "agent-stream of the models (default: released)" },
  { name: "url", takes: "text", meaning: "this mirror's address as controllers see it, for the commands" },
];

/** `GET` and `POST /api/v1/plan`. */
export const planResource: QueryResource<"plan"> = {
  name: "plan",
  summary: "The hops, agents, checks and commands of an upgrade",
  command: "jam plan",
  parameters: [
    ...PLAN_PARAMETERS,
    { name: "held", takes: "switch", meaning: "use only agents in this mirror, not what upstream listed" },
    CHANNEL_PARAMETER,
  ],
  document: planDocument.meta({ title: "Plan of an upgrade" }),
  body: "What Juju printed about a fleet with --format json or yaml, one document after the other: the files of `jam plan --fleet`.",
  read: (values, body) => ({
    ...planQueryOf(values, { held: values.isSet("held"), fleet: body }),
    channel: values.text("channel"),
  }),
};

/** What to plan, from the parameters. */
export function planQueryOf(values: QueryValues, rest: Pick<PlanQuery, "held" | "fleet">): PlanQuery {
  return {
    parameters: {
      from: values.text("from"),
      to: values.text("to"),
      modelType: values.text("model-type") as "iaas" | "caas" | undefined,
      arch: values.words("arch"),
      os: values.words("os"),
      series: values.words("series"),
      release: values.words("release"),
      client: values.words("client"),
      stream: values.text("stream"),
    },
    url: values.text("url"),
    ...rest,
  };
}
