import { channelsDocument } from "../../channel/channel-documents.ts";
import type { QueryResource } from "./query-resource.ts";

/** `GET /api/v1/channels`. */
export const channelsResource: QueryResource<"channels"> = {
  name: "channels",
  summary: "The channels of this mirror and what they show",
  command: "jam channel list",
  parameters: [],
  document: channelsDocument,
  read: () => ({}),
};
