import { formatAgentName } from "../../juju/agent.ts";
import { commandField, companionSchema, procedureSchema, registryNoteSchema } from "./procedure-document.ts";
import { z } from "zod";
import { ADVICE_SEVERITIES } from "../../juju/knowledge/knowledge.ts";
import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { sha256Field } from "../../mirror/document-fields.ts";
import { type NamedText, readDocument } from "../../input/read-documents.ts";
import { agentVersion } from "../fleet/fields.ts";
import { listOf } from "../list-of.ts";
import type { PlanWishes } from "../../mirror/kept-plans.ts";

export const PLAN_FORMAT = "jam-plan:1";

const word = z.string().min(1);
const count = z.number().int().nonnegative();

const agent = z.object({
  version: agentVersion,
  /** OS type or series, as the Juju release requests it. */
  release: word,
  arch: word,
  /** Which metadata must list it: by OS type (`agents`) or by series (`tools`). */
  family: z.enum(["agents", "tools"]),
  /** `target`: the upgrade needs it. `client`: a client of that version bootstraps. `running`: new machines request it until the upgrade. */
  purpose: z.enum(["target", "client", "running"]),
  /** Bytes; null when it is nowhere. */
  size: count.nullable(),
  sha256: sha256Field.nullable(),
  state: z.enum(["held", "upstream", "missing"]),
});

const check = z.object({
  id: word,
  /** Steps of the hop that it stops. */
  steps: listOf(word),
  /** `found`: the fleet's files show it. `clear`: they show that it does not apply. `look`: they do not contain it. */
  state: z.enum(["found", "clear", "look"]),
  fact: z.string(),
  remedy: z.string(),
  /** How Juju's own message begins. */
  message: z.string().optional(),
  /** Where it was found: `prod:web machine 3 (win2016)`. */
  where: listOf(z.string()),
  /** What the files do not contain: `prod:web machine 4`. */
  unknown: listOf(z.string()).optional(),
  /** What was found is a sign: Juju decides by something that no listing shows. */
  uncertain: z.literal(true).optional(),
  /** `listing` decides it, `sign` is a hint in a listing, `operator` is in no listing. */
  visibility: z.enum(["listing", "sign", "operator"]).optional(),
  /** How an operator looks where no listing decides it. */
  look: commandField.optional(),
  source: z.string(),
});

const model = z.object({
  name: word,
  type: z.enum(["iaas", "caas"]),
  from: agentVersion,
  /** Names of the agents it needs in this hop. */
  needs: listOf(word),
});

const hop = z.object({
  /** Undefined in a plan that was not made for a fleet. */
  controller: z.string().optional(),
  from: agentVersion,
  to: agentVersion,
  how: z.enum(["upgrade", "migrate"]),
  because: z.string(),
  /** Lowest version that may make this hop. */
  minimum: z.string().optional(),
  /** Client to install first: a minor, or for a bootstrap the exact version. */
  client: z.string(),
  steps: listOf(z.object({ step: word, command: commandField })),
  models: listOf(model),
  agents: listOf(agent),
  /** Container images that Kubernetes pulls, without repository. */
  images: listOf(word),
  checks: listOf(check),
  advice: listOf(
    z.object({
      severity: z.enum(ADVICE_SEVERITIES),
      reason: z.string(),
      link: z.string().optional(),
    }),
  ),
  /** The three below are not in plans of older versions of jam. */
  procedure: procedureSchema.optional(),
  companions: listOf(companionSchema).readonly().optional(),
  /** On Kubernetes. */
  registry: listOf(registryNoteSchema).readonly().optional(),
});

export const plannedController = z.object({
  name: z.string().optional(),
  /** If a file contains it. */
  uuid: z.string().optional(),
  /** Every name that clients have for it. */
  names: listOf(z.string()).readonly().optional(),
  from: z.string(),
  to: z.string().optional(),
  /** `there`: nothing to do. `above`: it runs more than the target. `none`: no way leads there. */
  outcome: z.enum(["hops", "there", "above", "none"]),
  reason: z.string().optional(),
});

const totals = z.object({
  agents: count,
  held: count,
  upstream: count,
  missing: count,
  /** Bytes of distinct tarballs. */
  bytes: count,
  /** Of these, bytes that are not held yet. */
  bytesToFetch: count,
});

/** What of the plan a channel does not list, for a plan with `--channel`. */
const channelGap = z.object({
  name: z.string(),
  /** Agents that the channel does not list. */
  agents: count,
  /** What brings them there, or keeps them from it: sentences. */
  next: listOf(z.string()).readonly(),
});

/** What of the files of a fleet could not be read or placed. */
export const unreadPart = z.object({
  kind: z.string(),
  file: z.string(),
  place: z.string(),
  text: z.string(),
});

/** What `jam plan -o json` prints. */
export const planDocument = z.object({
  format: z.literal(PLAN_FORMAT, `expected ${PLAN_FORMAT}`),
  /** ISO 8601. */
  createdAt: z.string(),
  /** `agent-stream` of the models. */
  stream: word,
  /** Streams that Juju searches for it. */
  streams: listOf(word, { min: 1 }),
  /** `agent-metadata-url` in the commands; not in plans of older versions of jam. */
  mirrorUrl: z.string().optional(),
  controllers: listOf(plannedController),
  /** In the order of doing. */
  hops: listOf(hop),
  /** Every agent of every hop once. */
  agents: listOf(agent),
  images: listOf(word),
  warnings: listOf(z.string()),
  /** What of the fleet's files could not be read or placed: the plan knows nothing of it. */
  unread: listOf(unreadPart).default([]),
  /** What the fleet's files do not contain; while there is any, nothing is ready. */
  unknown: listOf(z.string()).optional(),
  /** What of the fleet is not well: `prod:web machine 1 (down)`; not in plans of older versions of jam. */
  notWell: listOf(z.string()).optional(),
  channel: channelGap.optional(),
  totals,
});

/** What `jam plan` prints and `jam sync --plan` and `jam ready --plan` read. */
export type PlanDocument = z.infer<typeof planDocument>;
export type PlanHop = z.infer<typeof hop>;
export type PlanAgent = z.infer<typeof agent>;
export type PlanCheck = z.infer<typeof check>;
export type PlanModel = z.infer<typeof model>;
export type PlanController = z.infer<typeof plannedController>;

const EXPECTED = {
  code: "JAM_PLAN_INVALID",
  what: "plan",
  hint: "Write a plan with `jam plan … -o json > plan.json` (or -o yaml) and give that file.",
} as const;

/**
 * The plan in a text, as JSON or YAML. Fields that this version does not know are ignored.
 * @throws JamError JAM_PLAN_INVALID naming the file and the place in it
 */
export function parsePlan(text: NamedText): PlanDocument {
  const document = readDocument(text, EXPECTED);
  const format = (document as { format?: unknown } | null)?.format;
  if (format !== PLAN_FORMAT) throw invalid(text.name, describeForeign(document, format));
  const result = planDocument.safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    const place = (issue?.path ?? []).map(String).join(".") || "the top";
    throw invalid(text.name, `has a fault at ${place}: ${issue?.message ?? "cannot be read"}`);
  }
  // A YAML text that is cut off can still be valid YAML; the totals at its end show it.
  if (result.data.totals.agents !== result.data.agents.length) {
    throw invalid(
      text.name,
      `contains ${result.data.agents.length} agents, but its totals are for ${result.data.totals.agents}`,
    );
  }
  return result.data;
}

function describeForeign(document: unknown, format: unknown): string {
  if (typeof document !== "object" || document === null) return "is not a jam plan";
  if ("error" in document) return "is the error message of a jam command, not a plan";
  if ("plan" in document) return "is the output of a dry run of jam sync, not a plan";
  if ("model" in document && "machines" in document) {
    return "is a juju status, not a plan: jam plan --fleet makes a plan from it";
  }
  if (typeof format === "string") return `has the format ${printable(format, 60)}, not ${PLAN_FORMAT}`;
  return `does not have the format ${PLAN_FORMAT}: it is not a jam plan`;
}

function invalid(name: string, what: string): JamError {
  return new JamError(EXPECTED.code, `${name} ${what}.`, { hint: EXPECTED.hint, details: { file: name } });
}

/** The agents that a plan requests from a sync. */
export interface WishesOfPlan {
  readonly wishes: PlanWishes;
  /** Running versions that were neither held nor listed when the plan was made: no upgrade waits for them. */
  readonly unobtainable: readonly string[];
}

/** The agents that a plan needs, by name, and the streams that list them. */
export function wishesOf({ agents, streams }: PlanDocument): WishesOfPlan {
  const named = agents.map((agent) => ({
    ...agent,
    name: formatAgentName(agent),
    isUnobtainable: agent.purpose === "running" && agent.state === "missing",
  }));
  return {
    wishes: {
      by: "plan",
      agents: new Map(
        named.filter(({ isUnobtainable }) => !isUnobtainable).map(({ name, sha256 }) => [name, sha256]),
      ),
      streams,
    },
    unobtainable: named.filter(({ isUnobtainable }) => isUnobtainable).map(({ name }) => name),
  };
}
