import type { z } from "zod";
import { MAX_LISTED } from "../../shared/listed.ts";
import type { Page, QueryInputs, QueryName } from "../queries.ts";
import type { QueryParameter, QueryValues } from "./query-parameters.ts";

/** One resource of the API: `GET /api/v1/NAME`, and with a body `POST /api/v1/NAME`. */
export interface QueryResource<Name extends QueryName> {
  readonly name: Name;
  /** One line without a full stop, for the description of the API. */
  readonly summary: string;
  /** The command that prints the same document. */
  readonly command: string;
  readonly parameters: readonly QueryParameter[];
  /** The answer. */
  readonly document: z.ZodType;
  /** What a POST has in its body; absent where only GET is answered. */
  readonly body?: string;
  /**
   * The query that a request asks.
   * @param body undefined for GET
   * @throws JamError JAM_USAGE_INVALID naming the parameter
   */
  readonly read: (values: QueryValues, body: string | undefined) => QueryInputs[Name];
}

/** The parameters of a list that is given page by page. */
export const PAGE_PARAMETERS: readonly QueryParameter[] = [
  {
    name: "offset",
    takes: "count",
    min: 0,
    max: 999_999_999,
    default: 0,
    meaning: "rows before the first one",
  },
  {
    name: "limit",
    takes: "count",
    min: 1,
    max: MAX_LISTED,
    default: MAX_LISTED,
    meaning: "rows at most; `omitted` counts the others",
  },
];

/** The parameter of what can be asked about a channel. */
export const CHANNEL_PARAMETER: QueryParameter = {
  name: "channel",
  takes: "text",
  meaning: "what this channel shows, instead of what the mirror does",
};

/** The rows that a request asks for. */
export function pageOf(values: QueryValues): Page {
  return { offset: values.count("offset"), limit: values.count("limit") };
}

/** The parameter for how many of the last runs are shown. */
export const RUNS_PARAMETER: QueryParameter = {
  name: "runs",
  takes: "count",
  min: 0,
  max: 20,
  default: 5,
  meaning: "number of last runs to show",
};
