import { z } from "zod";
import { syncReport } from "../../mirror/run-document.ts";
import { RUNS_PARAMETER, type QueryResource } from "./query-resource.ts";

/** `GET /api/v1/runs`. */
export const runsResource: QueryResource<"runs"> = {
  name: "runs",
  summary: "Reports of the last runs, newest first",
  command: "jam status",
  parameters: [RUNS_PARAMETER],
  document: z
    .object({ runs: z.array(syncReport).readonly() })
    .meta({ title: "Reports of the last runs, newest first" }),
  read: (values) => ({ runs: values.count("runs") }),
};
