import { explainDocument } from "../../mirror/explain-document.ts";
import { CHANNEL_PARAMETER, PAGE_PARAMETERS, pageOf, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/explain`. */
export const explainResource: QueryResource<"explain"> = {
  name: "explain",
  summary: "Why an agent in this mirror is mirrored",
  command: "jam explain --offline",
  parameters: [
    {
      name: "agent",
      takes: "text",
      isRequired: true,
      meaning: "an agent, or a part of its name: 3.6.5-ubuntu-arm64, 3.6.5, 3.6, ubuntu-arm64",
    },
    CHANNEL_PARAMETER,
    ...PAGE_PARAMETERS,
  ],
  document: explainDocument,
  read: (values) => ({
    agent: values.text("agent") ?? "",
    channel: values.text("channel"),
    ...pageOf(values),
  }),
};
