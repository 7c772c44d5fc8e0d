import { readyDocument } from "../../upgrade/ready/ready-document.ts";
import { PLAN_PARAMETERS, planQueryOf } from "./plan.ts";
import { wrongParameter, type QueryParameter } from "./query-parameters.ts";
import { CHANNEL_PARAMETER, type QueryResource } from "./query-resource.ts";

const OWN_PARAMETERS: readonly QueryParameter[] = [
  { name: "fleet", takes: "switch", meaning: "the body is what Juju printed about a fleet, not a plan" },
  { name: "confirm", takes: "words", meaning: "checks that a person looked at" },
];

/** `GET` and `POST /api/v1/ready`. Tarballs are not hashed for it: that is for `jam ready --deep`. */
export const readyResource: QueryResource<"ready"> = {
  name: "ready",
  summary: "Whether every hop of a plan can be served from here",
  command: "jam ready",
  parameters: [...PLAN_PARAMETERS, ...OWN_PARAMETERS, CHANNEL_PARAMETER],
  document: readyDocument,
  body: "A plan, as `jam plan -o json` prints it; with `fleet` what Juju printed about a fleet.",
  read(values, body) {
    const confirm = values.words("confirm") ?? [];
    const channel = values.text("channel");
    if (body === undefined || values.isSet("fleet")) {
      if (body === undefined && values.isSet("fleet"))
        throw wrongParameter("fleet", "needs a body: use POST");
      return { plan: planQueryOf(values, { held: false, fleet: body }), confirm, channel };
    }
    const extra = PLAN_PARAMETERS.find(({ name }) => values.text(name) !== undefined);
    if (extra !== undefined) throw wrongParameter(extra.name, "cannot be combined with a plan in the body");
    return { plan: body, confirm, channel };
  },
};
