import { agentsDocument } from "../../mirror/agents-document.ts";
import { PAGE_PARAMETERS, pageOf, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/agents`. */
export const agentsResource: QueryResource<"agents"> = {
  name: "agents",
  summary: "The agents that are held",
  command: "jam list",
  parameters: [
    {
      name: "version",
      takes: "text",
      meaning: "only this version, or all that start so (3.6, 2.9.42); 3.6/stable is the newest 3.6",
    },
    { name: "stream", takes: "text", meaning: "only agents of this stream" },
    { name: "arch", takes: "text", meaning: "only this architecture" },
    { name: "release", takes: "text", meaning: "only this OS type or series" },
    ...PAGE_PARAMETERS,
  ],
  document: agentsDocument,
  read: (values) => ({
    version: values.text("version"),
    stream: values.text("stream"),
    arch: values.text("arch"),
    release: values.text("release"),
    ...pageOf(values),
  }),
};
