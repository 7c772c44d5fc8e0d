import { defined } from "../../shared/collections.ts";
import { formatAgentName } from "../../juju/agent.ts";
import type { Knowledge } from "../../juju/knowledge/knowledge.ts";
import { PLACEHOLDERS, upgradeModelAction, type HopAction } from "../../juju/upgrade-commands.ts";
import type { PrecheckedStep } from "../../juju/prechecks/prechecks.ts";
import { readsOf } from "../../juju/stream.ts";
import { type Hop } from "../../juju/upgrade-path.ts";
import {
  compareVersions,
  formatMajorMinor,
  formatVersion,
  parseVersion,
  type JujuVersion,
} from "../../juju/version.ts";
import type { ShellCommand } from "../../shared/shell-command.ts";
import { type AgentIndex, type AgentNeed, needsOf, type Platform } from "./agent-needs.ts";
import { checksOf } from "./checks/checks.ts";
import type { PlanGroup, PlannedModel } from "./group.ts";
import {
  imagesOfHop,
  detailsOfHop,
  flagsInCommand,
  hopCompanions,
  type ProcedureHop,
} from "./hop-details.ts";
import type { PlanAgent, PlanHop, PlanModel } from "./plan-document.ts";

/** What all groups of a plan share. */
export interface PlanContext {
  readonly index: AgentIndex;
  readonly knowledge: Knowledge;
  /** Versions of clients in use, which bootstrap exactly themselves. */
  readonly clients: readonly JujuVersion[];
  /** `agent-metadata-url` of this mirror, as controllers see it. */
  readonly url: string;
}

/** A controller and its models before a hop, and the agents that earlier hops listed. */
export interface BeforeHop {
  readonly group: PlanGroup;
  readonly seen: Set<string>;
}

/** A hop of the path with its agents, images, checks and commands for this group. */
export function hopOf({ group, seen }: BeforeHop, hop: Hop, context: PlanContext): PlanHop {
  const [from, to] = [parseVersion(hop.from), parseVersion(hop.to)];
  const isMigration = hop.kind === "migrate";
  const own = group.models.find(({ isController }) => isController);
  const models = isMigration ? group.models.filter((model) => model !== own) : group.models;
  const agents = new AgentList(context.index);
  for (const model of models)
    agents.addTarget(model, needsOf(to, hop.families, model.platforms, context.index));
  if (isMigration) {
    const platforms = controllerPlatforms(own, models);
    agents.add("target", needsOf(to, hop.families, platforms, context.index));
    for (const client of context.clients.filter((one) => isSameMinor(one, to))) {
      agents.add("client", needsOf(client, [readsOf(client)], platforms, context.index));
    }
  }
  addRunning(agents, { group, models, seen }, context);
  const kind = isMigration ? "migrate" : "upgrade";
  const details: ProcedureHop = { group, from, to, kind, models, url: context.url };
  const steps = hop.actions.flatMap((action) => stepsOf(action, details));
  return {
    ...named(group),
    from: hop.from,
    to: hop.to,
    how: kind,
    because: hop.rule.because,
    ...defined({ minimum: hop.minimum }),
    client: hop.client,
    steps,
    models: agents.models(models),
    agents: agents.list(),
    images: imagesOfHop({ to, isBootstrap: isMigration, models, own }),
    checks: checksOf({ group, models, steps: stepsChecked(hop) }),
    advice: hop.advice.map(({ severity, reason, link }) => ({
      severity,
      reason,
      ...defined({ link }),
    })),
    ...detailsOfHop(details, steps),
  };
}

/** A hop in which models on a lower version follow their controller. */
export function catchUpHop(
  { group, seen }: BeforeHop,
  models: readonly PlannedModel[],
  context: PlanContext,
): PlanHop {
  const to = group.version;
  const families = [readsOf(to)];
  const agents = new AgentList(context.index);
  for (const model of models) agents.addTarget(model, needsOf(to, families, model.platforms, context.index));
  addRunning(agents, { group, models, seen }, context);
  const lowest = models.map(({ version }) => version).toSorted(compareVersions)[0] ?? to;
  const details: ProcedureHop = { group, from: lowest, to, kind: "follow", models, url: context.url };
  const steps = stepsOf(upgradeModelAction(to), details);
  return {
    ...named(group),
    from: formatVersion(lowest),
    to: formatVersion(to),
    how: "upgrade",
    because: "Models follow their controller.",
    client: formatMajorMinor(to),
    steps,
    models: agents.models(models),
    agents: agents.list(),
    images: imagesOfHop({ to, isBootstrap: false, models, own: undefined }),
    checks: checksOf({ group, models, steps: [{ step: "upgrade-model", server: to, to }] }),
    advice: [],
    ...detailsOfHop(details, steps),
  };
}

/** The agents that new machines and units of a group request before the upgrade. */
export function runningAgents(group: PlanGroup, context: PlanContext): readonly PlanAgent[] {
  if (group.controller === undefined) return [];
  const agents = new AgentList(context.index);
  addRunning(agents, { group, models: group.models, seen: new Set() }, context);
  return agents.list();
}

function named({ controller }: PlanGroup): { controller?: string } {
  return controller === undefined ? {} : { controller };
}

function isSameMinor(a: JujuVersion, b: JujuVersion): boolean {
  return a.major === b.major && a.minor === b.minor;
}

/** The platforms of the controller's machines; a new controller is assumed to be like the old one, on Ubuntu. */
function controllerPlatforms(
  own: PlannedModel | undefined,
  models: readonly PlannedModel[],
): readonly Platform[] {
  if (own?.type === "caas") return [];
  const platforms =
    own?.platforms ?? models.filter(({ type }) => type === "iaas").flatMap((model) => model.platforms);
  const arches = new Set(platforms.map(({ arch }) => arch));
  return [...arches].map((arch) => ({ arch, os: "ubuntu", series: undefined }));
}

/** New machines and units request the version that their model runs, until it is upgraded. */
function addRunning(
  agents: AgentList,
  { group, models, seen }: BeforeHop & { readonly models: readonly PlannedModel[] },
  { index }: PlanContext,
): void {
  for (const model of models.filter(({ type }) => type === "iaas")) {
    const needs = needsOf(model.version, [readsOf(group.version)], model.platforms, index);
    agents.add(
      "running",
      needs.filter((need) => !seen.has(keyOf(need))),
    );
  }
  // The agents of one hop run at the next, and are already listed.
  for (const agent of agents.list()) seen.add(keyOf(agent));
}

/**
 * The controller that checks each step: the old one before it is upgraded and before models leave it, the new one before
 * its models follow.
 */
function stepsChecked(hop: Hop): PrecheckedStep[] {
  const [from, to] = [parseVersion(hop.from), parseVersion(hop.to)];
  return hop.actions.flatMap(({ step }) => {
    if (step === "install-client" || step === "bootstrap") return [];
    return [{ step, server: step === "upgrade-model" ? to : from, to }];
  });
}

/** An action with the names of the fleet; one for each model if it is about models. */
function stepsOf(
  { step, isPerModel, command }: HopAction,
  hop: ProcedureHop,
): { step: string; command: ShellCommand }[] {
  const { controller, clientName = controller, family = clientName } = hop.group;
  const bootstrapFlags = step === "bootstrap" ? flagsInCommand(hopCompanions(hop)) : [];
  if (clientName === undefined) return [{ step, command: command({ ...PLACEHOLDERS, bootstrapFlags }) }];
  const names = { ...PLACEHOLDERS, controller: clientName, family: family ?? clientName, bootstrapFlags };
  if (isPerModel !== true) return [{ step, command: command(names) }];
  return hop.models
    .filter(({ isController }) => !isController)
    .map(({ name: model }) => ({ step, command: command({ ...names, model }) }));
}

function keyOf({ version, release, arch, family }: AgentNeed): string {
  return `${version} ${family} ${release} ${arch}`;
}

/** Agents of a hop, each once; the first purpose counts. */
class AgentList {
  readonly #index: AgentIndex;
  readonly #agents = new Map<string, PlanAgent>();
  readonly #needs = new Map<PlannedModel, Set<string>>();

  constructor(index: AgentIndex) {
    this.#index = index;
  }

  addTarget(model: PlannedModel, needs: readonly AgentNeed[]): void {
    this.add("target", needs);
    this.#needs.set(model, new Set(needs.map(formatAgentName)));
  }

  add(purpose: PlanAgent["purpose"], needs: readonly AgentNeed[]): void {
    for (const need of needs) {
      const key = keyOf(need);
      if (this.#agents.has(key)) continue;
      const found = this.#index.find(need);
      const size = found?.agent.size ?? null;
      const { version, release, arch, family } = need;
      const sha256 = found?.agent.sha256 ?? null;
      this.#agents.set(key, {
        version,
        release,
        arch,
        family,
        purpose,
        size,
        sha256,
        state: found?.state ?? "missing",
      });
    }
  }

  list(): PlanAgent[] {
    return [...this.#agents.values()];
  }

  /** The models of the hop, with what each needs; none in a plan without a fleet. */
  models(models: readonly PlannedModel[]): PlanModel[] {
    return models
      .filter(({ name }) => name !== "")
      .map((model) => ({
        name: model.name,
        type: model.type,
        from: formatVersion(model.version),
        needs: [...(this.#needs.get(model) ?? [])],
      }));
  }
}
