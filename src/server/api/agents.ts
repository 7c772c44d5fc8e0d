import { agentsDocument } from "../../mirror/agents-document.ts";
import { CHANNEL_PARAMETER, PAGE_PARAMETERS, pageOf, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/agents`. */
export const agentsResource: QueryResource<"agents"> = {
  name: "agents",
  summary: "The agents in this mirror",
  command: "jam list",
  parameters: [
    {
      name: "version",
      takes: "text",
      meaning: "a version or the start of one (3.6.5, 3.6); 3.6/stable means the newest 3.6",
    },
    { name: "stream", takes: "text", meaning: "only agents of this stream" },
    { name: "arch", takes: "text", meaning: "only agents for this architecture" },
    { name: "release", takes: "text", meaning: "only agents for this OS type or series" },
    CHANNEL_PARAMETER,
    ...PAGE_PARAMETERS,
  ],
  document: agentsDocument,
  read: (values) => ({
    version: values.text("version"),
    stream: values.text("stream"),
    arch: values.text("arch"),
    release: values.text("release"),
    channel: values.text("channel"),
    ...pageOf(values),
  }),
};
