import { z } from "zod";
import { agentsAndBytesField, countField, timeField } from "../../mirror/document-fields.ts";

/** A site, as its last receipt describes it. */
export const describedSite = z.object({
  name: z.string(),
  receivedAt: timeField.describe("When its last receipt was imported here."),
  createdAt: timeField.describe("When the site made the receipt."),
  snapshot: z.string().nullable().describe("What the site showed then; null for nothing."),
  bundles: z.array(z.string()).readonly().describe("Bundles that its contents came with."),
  signedBy: z.string().nullable().describe("Fingerprint; null for a receipt that was not signed."),
});

const listedSite = describedSite.extend({
  behind: z
    .object({ versions: countField, ...agentsAndBytesField.unwrap().shape })
    .readonly()
    .describe("What the current snapshot lists and the site does not have."),
  beyond: z
    .object({ agents: countField })
    .describe("Agents that the site has and the current snapshot does not list."),
  nextDelta: z.object({ bytes: countField }).describe("Size of the next bundle for the site."),
});

/** What `jam site list -o json` prints: every site that has sent a receipt, by name. */
export const sitesDocument = z
  .object({
    sites: z.array(listedSite).readonly(),
    omitted: z
      .object({ sites: countField })
      .exactOptional()
      .describe("Sites that are not on this page; absent where there are none."),
  })
  .meta({ title: "Sites that have sent a receipt" });

export type DescribedSite = z.infer<typeof describedSite>;
export type ListedSite = z.infer<typeof listedSite>;
export type SitesDocument = z.infer<typeof sitesDocument>;
