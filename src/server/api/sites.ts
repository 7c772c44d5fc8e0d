import { sitesDocument } from "../../bundle/site/sites-document.ts";
import { CHANNEL_PARAMETER, pageOf, PAGE_PARAMETERS, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/sites`. */
export const sitesResource: QueryResource<"sites"> = {
  name: "sites",
  summary: "The sites that have sent a receipt, and how far each is behind",
  command: "jam site list",
  parameters: [CHANNEL_PARAMETER, ...PAGE_PARAMETERS],
  document: sitesDocument,
  read: (values) => ({ channel: values.text("channel"), ...pageOf(values) }),
};
