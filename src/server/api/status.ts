import { z } from "zod";
import { timeField } from "../../mirror/document-fields.ts";
import { statusDocument, type StatusDocument } from "../../mirror/status-document.ts";
import { publicReport, type HideLocal } from "../public-view.ts";
import { CHANNEL_PARAMETER, RUNS_PARAMETER, type QueryResource } from "./query-resource.ts";

/** The status without what only the operator should see: where the data is, and which process of which host writes. */
const publicStatusDocument = statusDocument
  .omit({ data: true })
  .extend({
    writer: z
      .object({ command: z.string(), since: timeField })
      .nullable()
      .describe("The run that writes now."),
  })
  .meta({ title: "State of the mirror" });

/** `GET /api/v1/status`. */
export const statusResource: QueryResource<"status"> = {
  name: "status",
  summary: "What the mirror shows, and its last runs",
  command: "jam status",
  parameters: [RUNS_PARAMETER, CHANNEL_PARAMETER],
  document: publicStatusDocument,
  read: (values) => ({ runs: values.count("runs"), channel: values.text("channel") }),
};

/** A status as anybody may see it. */
export function publicStatus(
  { data: _data, ...status }: StatusDocument,
  hide: HideLocal,
): z.infer<typeof publicStatusDocument> {
  const { snapshot, verbatim, writer, cache, runs } = status;
  return {
    ...status,
    snapshot: snapshot === null ? null : { ...snapshot, upstream: hide(snapshot.upstream) },
    verbatim:
      verbatim === null || verbatim.complete ? verbatim : { ...verbatim, reason: hide(verbatim.reason) },
    writer: writer === null ? null : { command: writer.command, since: writer.since },
    ...(cache && { cache: publicCache(cache, hide) }),
    runs: runs.map((run) => publicReport(run, hide)),
  };
}

type CacheStatus = NonNullable<StatusDocument["cache"]>;

function publicCache(cache: CacheStatus, hide: HideLocal): CacheStatus {
  const { away, fault } = cache;
  return {
    ...cache,
    ...(away && { away: { ...away, message: hide(away.message) } }),
    ...(fault && { fault: { ...fault, message: hide(fault.message) } }),
  };
}
