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

/** The properties of a hop that its procedure and its companions depend on. */
export interface ProcedureHop {
  readonly group: PlanGroup;
  readonly from: JujuVersion;
  readonly to: JujuVersion;
  /** `follow`: only models on a lower version than their controller. */
  readonly kind: "upgrade" | "migrate" | "follow";
  /** The models of the hop. */
  readonly models: readonly PlannedModel[];
  /** `agent-metadata-url` of this mirror. */
  readonly url: string;
}

/** What a hop needs from outside the air gap in addition to the agents. */
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

/** Procedure, companions and notes on the registry, as in the plan document. */
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

/** The type of the controller; without a file about it, that of its models. */
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
  "install-client": ["the client", "Use this client for the following steps."],
  "upgrade-controller": ["the controller", "Upgrade the controller first and wait until it is done."],
  "upgrade-model": ["each model", "Then upgrade each model to the version of its controller."],
  bootstrap: ["a new controller", "Bootstrap the controller that the models move to."],
  migrate: ["each migration", "Migrate one model after the other, the least important first."],
};

/** One step of the procedure for each kind of step, with its commands. */
function doSteps(steps: PlanHop["steps"]): PlanProcedure["do"] {
  return [...new Set(steps.map(({ step }) => step))].map((id) => {
    const [title, text] = TITLES[id] ?? [id, ""];
    const commands = steps.filter(({ step }) => step === id).map(({ command }) => command);
    return { id, title, text, commands, source: "cmd/juju/commands @2.9.42, 3.6.28, 4.0.15" };
  });
}

/** The flags that the bootstrap command of the hop contains. */
export function flagsInCommand(companions: readonly Companion[]): Companion["flags"] {
  return companions.filter(({ isInCommand }) => isInCommand).flatMap(({ flags }) => flags);
}

/** The properties of a hop that decide which images Kubernetes pulls. */
export interface ImageHop {
  readonly to: JujuVersion;
  /** True if the hop bootstraps a controller of `to`. */
  readonly isBootstrap: boolean;
  /** The models of the hop; for an upgrade in place the controller model is one of them. */
  readonly models: readonly PlannedModel[];
  /** The controller model, if it is known. */
  readonly own: PlannedModel | undefined;
}

/**
 * The images of a hop without repository, each once: those of a new controller, and those of every model for the target
 * and, after a migration, for the version that it still runs. An upgraded controller keeps the `juju-db` and
 * `charm-base` of its bootstrap. Empty if nothing runs on Kubernetes.
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

/** Applications with an operator (podspec charms) have no container for their charm. */
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

/** A warning that images are missing from a plan, because the bases of Kubernetes applications are not known. */
export function unknownBases(models: readonly PlannedModel[]): string | undefined {
  const unknown = models.filter(
    ({ type, isController, facts }) => type === "caas" && !isController && facts?.applications === undefined,
  );
  if (unknown.length === 0) return undefined;
  const names = unknown.map(({ name, facts }) => facts?.label ?? name).filter((name) => name !== "");
  const where =
    names.length === 0 ? "" : ` of ${names.slice(0, 6).join(", ")}${names.length > 6 ? " and others" : ""}`;
  return `The bases of the applications${where} on Kubernetes are not known without a juju status: each base needs another image, such as charm-base:ubuntu-22.04.`;
}
