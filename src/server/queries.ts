import type { ListWanted } from "../mirror/list-agents.ts";
import type { PlanParameters } from "../upgrade/plan/parameters.ts";

/** The rows of a long list that are asked for. */
export interface Page {
  /** Rows before the first one. */
  readonly offset: number;
  readonly limit: number;
}

/** What to plan. */
export interface PlanQuery {
  readonly parameters: PlanParameters;
  /** This mirror as controllers see it. */
  readonly url: string | undefined;
  /** Use only held agents. */
  readonly held: boolean;
  /** What Juju printed about a fleet; undefined for a plan from a version. */
  readonly fleet: string | undefined;
}

/** What has to be ready. */
export interface ReadyQuery {
  /** The text of a plan, or what to plan first. */
  readonly plan: string | PlanQuery;
  /** Checks that a person looked at. */
  readonly confirm: readonly string[];
}

/** What is asked about: the mirror, or a channel. */
export interface InChannel {
  /** Default: the mirror. */
  readonly channel?: string | undefined;
}

/** The queries of the API by name, and what each is asked with. */
export interface QueryInputs {
  readonly status: InChannel & { readonly runs: number };
  readonly agents: ListWanted & Page & InChannel;
  readonly channels: object;
  readonly explain: Page & InChannel & { readonly agent: string };
  readonly plan: PlanQuery & InChannel;
  readonly ready: ReadyQuery & InChannel;
  readonly sites: Page & InChannel;
  readonly runs: { readonly runs: number };
}

export type QueryName = keyof QueryInputs;

/**
 * Answers a query with its JSON document. Nothing is written and no request is made for it.
 * @throws JamError JAM_SERVER_BUSY, JAM_REQUEST_TOO_LARGE, what the query throws, the reason of `signal`
 */
export type AskQuery = <Name extends QueryName>(
  name: Name,
  input: QueryInputs[Name],
  signal: AbortSignal,
) => Promise<Uint8Array>;
