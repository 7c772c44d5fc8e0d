import { z } from "zod";
import { agentListFields, countField, sha256Field } from "./document-fields.ts";

const agentRow = z.object({
  version: z.string().describe("As Juju prints it: 3.6.5, 3.6-beta2."),
  release: z.string().describe("OS type or series."),
  arch: z.string(),
  streams: z.array(z.string()).readonly().describe("Streams that list it, in upstream's order."),
  path: z.string().describe("Below the address of the mirror."),
  size: countField.describe("Bytes of the tarball."),
  sha256: sha256Field,
  held: z
    .enum(["synced", "planned", "pinned", "cached"])
    .exactOptional()
    .describe(
      "In cache mode: synced for one that a sync or an import brought, planned for one that a plan asked for (jam warm), pinned for one that a pinned snapshot or an unfinished bundle needs, cached for one that is here only because a client requested it: these alone are deleted for others.",
    ),
});

/** What `jam list -o json` prints: one row per version, release and architecture, oldest version first. */
export const agentsDocument = z
  .object({
    snapshot: z.string().describe("The snapshot that lists them."),
    agents: z.array(agentRow).readonly(),
    hidden: countField
      .exactOptional()
      .describe(
        "Of `offered`: not listed now, because their upstream cannot be reached. Absent where there are none.",
      ),
    offered: countField
      .exactOptional()
      .describe("In cache mode: matching agents that are not held, and fetched when they are requested."),
    ...agentListFields,
  })
  .meta({ title: "Held agents" });

export type AgentsDocument = z.infer<typeof agentsDocument>;
