import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { parseVersion } from "../../../src/juju/version.ts";
import { createAgentIndex } from "../../../src/upgrade/plan/agent-needs.ts";
import { anonymousGroup } from "../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../src/upgrade/plan/make-plan.ts";
import { parseTarget } from "../../../src/upgrade/plan/target.ts";
import { anAgent } from "../../helpers/agents.ts";

/** A plan of two hops, as `jam plan -o json` prints it. */
export function planText(createdAt: Date): string {
  const agents = ["2.9.42", "2.9.60", "3.6.27"].map((version) => anAgent(`${version}-ubuntu-amd64`));
  const plan = makePlan(
    {
      groups: [
        anonymousGroup(parseVersion("2.9.42"), "iaas", { arches: ["amd64"], oses: ["ubuntu"], series: [] }),
      ],
      target: parseTarget("3.6", "--to"),
      stream: "released",
      streams: ["released"],
      createdAt,
      warnings: [],
    },
    {
      index: createAgentIndex({ held: [], upstream: agents, streams: ["released"] }),
      knowledge: JUJU_KNOWLEDGE,
      clients: [],
      url: "http://mirror.example:8080/tools",
    },
  );
  return JSON.stringify(plan);
}
