import type { Companion, CompanionQuestion } from "../../juju/companions/companion.ts";
import { companionsOf } from "../../juju/companions/companions-of.ts";
import { type RegistryNote, registryNotes } from "../../juju/images/registry-notes.ts";
import { procedureOf } from "../../juju/procedure/procedure-of.ts";
import type { HopSituation } from "../../juju/procedure/procedure.ts";
import { PLACEHOLDERS } from "../../juju/upgrade-commands.ts";
import { type JujuVersion, compareVersions, formatVersion } from "../../juju/version.ts";
import type { PlanGroup, PlannedModel } from "./group.ts";
import type { PlanHop } from "./plan-document.ts";
import type { PlanProcedure } from "./procedure-document.ts";
import { imageNamesOf } from "../../juju/images/images-of.ts";

/** A hop of a group, as far as its procedure and its companions depend on it. */
export interface ProcedureHop {
  readonly group: PlanGroup;
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  /** `follow`: only models that lag behind their controller. */
  readonly kind: "upgrade" | "migrate" | "follow";
  /** Models that take part. */
  readonly models: readonly PlannedModel[];
  /** `agent-metadata-url` of this mirror. */
  readonly url: string;
}

/** What a hop needs from outside the gap next to the agents. */
export function hopCompanions(hop: ProcedureHop): readonly Companion[] {
  const { kind, to, url } = hop;
  const own = hop.group.models.find(({ isController }) => isController);
  const step = { upgrade: "upgrade-controller", migrate: "bootstrap", follow: "upgrade-model" } as const;
  const question: CompanionQuestion = {
    step: step[kind],
    version: to,
    type: controllerTypeOf(hop),
    url,
    cloudType: own?.facts?.cloudType,
    hasContainers: hasContainers(hop.models),
    controller: namesOf(hop).controller,
  };
  return companionsOf(question);
}

/** Procedure, companions and notes on the registry, as the plan's document has them. */
export function detailsOfHop(
  hop: ProcedureHop,
  steps: PlanHop["steps"],
): Required<Pick<PlanHop, "procedure" | "companions" | "registry">> {
  const { before, client, watch, verify, ifItFails, wayBack } = procedureOf(situationOf(hop));
  return {
    procedure: { before, client, do: doSteps(steps), watch, verify, ifItFails, wayBack },
    companions: hopCompanions(hop),
    registry: controllerTypeOf(hop) === "caas" && hop.kind !== "follow" ? notesOf(hop) : [],
  };
}

function situationOf(hop: ProcedureHop): HopSituation {
  const { kind, from, to, models, url } = hop;
  const { controller, newController } = namesOf(hop);
  return {
    from,
    to,
    how: kind === "migrate" ? "migrate" : "upgrade",
    movesController: kind !== "follow",
    controllerType: controllerTypeOf(hop),
    controller,
    newController,
    models: models
      .filter(({ isController }) => !isController)
      .map(({ name, type }) => ({ name: name === "" ? PLACEHOLDERS.model : name, type })),
    url,
    hasCrossModelRelations: consumesOffers(models),
  };
}

function consumesOffers(models: readonly PlannedModel[]): boolean | undefined {
  const known = models.filter(({ isController }) => !isController).map(({ facts }) => facts?.endpoints);
  if (known.some((one) => one?.some(({ kind }) => kind === "remote-application"))) return true;
  return known.includes(undefined) ? undefined : false;
}

function namesOf({ group, to }: ProcedureHop): {
  readonly controller: string;
  readonly newController: string;
} {
  const controller = group.clientName ?? group.controller ?? PLACEHOLDERS.controller;
  return { controller, newController: `${group.family ?? controller}-${formatVersion(to)}` };
}

/** Without a file that tells, a controller is where its models are. */
function controllerTypeOf({ group, models }: ProcedureHop): "iaas" | "caas" {
  const own = group.models.find(({ isController }) => isController);
  return own?.type ?? (models.length > 0 && models.every(({ type }) => type === "caas") ? "caas" : "iaas");
}

function hasContainers(models: readonly PlannedModel[]): boolean | undefined {
  const machines = models.filter(({ type }) => type === "iaas").map(({ facts }) => facts?.machines);
  if (machines.some((one) => one?.some(({ host }) => host !== undefined))) return true;
  return machines.includes(undefined) ? undefined : false;
}

function notesOf({ kind, from, to }: ProcedureHop): readonly RegistryNote[] {
  return kind === "migrate"
    ? registryNotes({ version: to, step: "bootstrap" })
    : registryNotes({ version: from, step: "upgrade-controller" });
}

const TITLES: Readonly<Record<string, readonly [title: string, text: string]>> = {
  "install-client": ["the client", "Use this client for what follows."],
  "upgrade-controller": ["the controller", "The controller goes first; wait until it is done."],
  "upgrade-model": ["each model", "Then each model, to the version of its controller."],
  bootstrap: ["a new controller", "Bootstrap the controller that the models move to."],
  migrate: ["each migration", "Move one model after the other, the least important first."],
};

/** One step of the procedure for each kind, with the commands of the hop. */
function doSteps(steps: PlanHop["steps"]): PlanProcedure["do"] {
  return [...new Set(steps.map(({ step }) => step))].map((id) => {
    const [title, text] = TITLES[id] ?? [id, ""];
    const commands = steps.filter(({ step }) => step === id).map(({ command }) => command);
    return { id, title, text, commands, source: "cmd/juju/commands @2.9.42, 3.6.28, 4.0.15" };
  });
}

/** The flags that the bootstrap command of the hop carries itself. */
export function flagsInCommand(companions: readonly Companion[]): Companion["flags"] {
  return companions.filter(({ isInCommand }) => isInCommand).flatMap(({ flags }) => flags);
}

/** What of a hop decides which images Kubernetes pulls. */
export interface ImageHop {
  readonly to: JujuVersion;
  /** True where the hop bootstraps a controller of `to`. */
  readonly isBootstrap: boolean;
  /** Models that take part; in place the controller's own is one of them. */
  readonly models: readonly PlannedModel[];
  /** The controller's own model, where it is known. */
  readonly own: PlannedModel | undefined;
}

/**
 * The images of a hop without repository, each once: those of a new controller, those of every model at the target
 * and, after a migration, at the version that it still runs. A controller that is upgraded keeps the `juju-db` and
 * `charm-base` of its bootstrap. Empty when nothing runs on Kubernetes.
 * Source: caas/kubernetes/provider/bootstrap.go, controller_upgrade.go @3.6.28; migration/precheck.go @3.6.9 (#20267)
 */
export function imagesOfHop({ to, isBootstrap, models, own }: ImageHop): string[] {
  const pods = models.filter(({ type }) => type === "caas");
  const isControllerOnKubernetes = (own?.type ?? (pods.length > 0 ? "caas" : "iaas")) === "caas";
  const images = [
    ...(isBootstrap && isControllerOnKubernetes ? imageNamesOf({ version: to, what: "controller" }) : []),
    ...pods.flatMap((model) => [
      ...imagesOfModel(model, to),
      ...(isBootstrap && compareVersions(model.version, to) < 0 ? imagesOfModel(model, model.version) : []),
    ]),
  ];
  return [...new Set(images)];
}

/** Applications that an operator runs (podspec charms) have no container of their charm. */
function imagesOfModel({ facts }: PlannedModel, version: JujuVersion): readonly string[] {
  const units = facts?.units ?? [];
  const podspec = new Set(units.filter((one) => one.isRunByOperator).map(({ application }) => application));
  const bases = (facts?.applications ?? [])
    .filter(({ name }) => !podspec.has(name))
    .flatMap(({ base, ubuntu }) => base ?? (ubuntu === undefined ? [] : `ubuntu@${ubuntu}`));
  return imageNamesOf({
    version,
    what: "model",
    bases: [...new Set(bases)].sort(),
    hasPodspec: podspec.size > 0,
  });
}

/** That images are missing from a plan, because nothing tells what Kubernetes applications run on. */
export function unknownBases(models: readonly PlannedModel[]): string | undefined {
  const unknown = models.filter(
    ({ type, isController, facts }) => type === "caas" && !isController && facts?.applications === undefined,
  );
  if (unknown.length === 0) return undefined;
  const names = unknown.map(({ name, facts }) => facts?.label ?? name).filter((name) => name !== "");
  const where =
    names.length === 0 ? "" : ` of ${names.slice(0, 6).join(", ")}${names.length > 6 ? " and others" : ""}`;
  return `The bases of the applications${where} on Kubernetes are not known without a juju status: each needs an image of its own, such as charm-base:ubuntu-22.04.`;
}
