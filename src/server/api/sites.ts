import { sitesDocument } from "../../bundle/site/sites-document.ts";
import { pageOf, PAGE_PARAMETERS, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/sites`. */
export const sitesResource: QueryResource<"sites"> = {
  name: "sites",
  summary: "The sites that have sent a receipt, and how far each is behind",
  command: "jam site list",
  parameters: PAGE_PARAMETERS,
  document: sitesDocument,
  read: pageOf,
};
