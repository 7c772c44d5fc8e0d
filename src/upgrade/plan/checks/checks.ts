import { defined } from "../../../shared/collections.ts";
import { prechecksOf, type PrecheckedStep } from "../../../juju/prechecks/prechecks.ts";
import type { Precheck } from "../../../juju/prechecks/precheck.ts";
import { PLACEHOLDERS, type HopNames } from "../../../juju/upgrade-commands.ts";
import type { JujuVersion } from "../../../juju/version.ts";
import type { FleetModel } from "../../fleet/fleet.ts";
import type { PlanGroup, PlannedModel } from "../group.ts";
import type { PlanCheck } from "../plan-document.ts";
import * as agents from "./agent-findings.ts";
import * as controllers from "./controller-findings.ts";
import { UNKNOWN, type Finding } from "./finding.ts";
import * as aboutModels from "./model-findings.ts";
import * as platforms from "./platform-findings.ts";

/** A hop, to decide its checks. */
export interface CheckedHop {
  readonly group: PlanGroup;
  /** Models that the steps are run on. */
  readonly models: readonly PlannedModel[];
  readonly steps: readonly PrecheckedStep[];
}

/** Every check that Juju runs in the hop's steps, decided by the fleet's files; problems come first. */
export function checksOf(hop: CheckedHop): PlanCheck[] {
  const order = { found: 0, look: 1, clear: 2 };
  const decided = hop.steps.flatMap((step) =>
    prechecksOf(step).flatMap((rule) => {
      const subjects = subjectsOf(rule, hop);
      return subjects.length === 0 ? [] : [decide(rule, subjects, step.server, hop.group)];
    }),
  );
  const merged = [...Map.groupBy(decided, ({ id }) => id).values()].flatMap(mergeRows);
  return merged.toSorted((a, b) => order[a.state] - order[b.state]);
}

/** The models that a rule applies to, of the types that it applies to. */
function subjectsOf({ scope, models }: Precheck, hop: CheckedHop): readonly PlannedModel[] {
  const { group } = hop;
  const own = group.models.filter(({ isController }) => isController);
  const unseen = own.length > 0 ? [] : [unseenController(group)];
  const inScope = {
    model: hop.models.filter(({ isController }) => !isController),
    "controller-model": [...own, ...unseen],
    "hosted-models": group.models.filter(({ isController }) => !isController),
    "all-models": [...group.models, ...unseen],
  }[scope];
  return inScope.filter(({ type }) => models.includes(type));
}

/** Every controller has a controller model, even if no file contains it. */
function unseenController({ models, version }: PlanGroup): PlannedModel {
  const type = models[0]?.type ?? "iaas";
  return { name: "controller", type, version, isController: true, platforms: [], facts: undefined };
}

function decide(
  rule: Precheck,
  subjects: readonly PlannedModel[],
  server: JujuVersion,
  group: PlanGroup,
): PlanCheck {
  const findings = subjects.map(({ facts, name }) => ({
    label: facts?.label ?? (group.controller === undefined ? undefined : `${group.controller}:${name}`),
    finding: facts === undefined ? UNKNOWN : findingOf(rule.id, facts, server, group),
  }));
  const placesOf = (kind: "found" | "unknown") =>
    findings.flatMap(({ label, finding }) =>
      finding[kind].map((part) =>
        [label, part].filter((word) => word !== undefined && word !== "").join(" "),
      ),
    );
  const [found, unknown] = [placesOf("found"), placesOf("unknown")];
  const isUncertain =
    found.length > 0 && findings.every(({ finding }) => finding.found.length === 0 || finding.isUncertain);
  return {
    id: rule.id,
    steps: [rule.step],
    state: found.length > 0 ? "found" : unknown.length > 0 ? "look" : "clear",
    fact: rule.fact,
    remedy: rule.remedy,
    ...defined({ message: rule.message }),
    visibility: rule.visibility,
    where: found,
    unknown: unknown.filter((place) => place !== ""),
    ...(isUncertain ? { uncertain: true as const } : {}),
    ...(rule.look === undefined ? {} : { look: rule.look(namesFor(subjects, findings, group)) }),
    source: rule.source,
  };
}

/** The name of the model that is not known; a placeholder if there are several. */
function namesFor(
  subjects: readonly PlannedModel[],
  findings: readonly { readonly finding: Finding }[],
  { controller, clientName = controller }: PlanGroup,
): Pick<HopNames, "controller" | "model"> {
  const open = subjects.filter((_, index) => (findings[index]?.finding.unknown.length ?? 0) > 0);
  const model = open.length === 1 ? open[0]?.name : undefined;
  return {
    controller: clientName ?? PLACEHOLDERS.controller,
    model: model === undefined || model === "" ? PLACEHOLDERS.model : model,
  };
}

/** Joins the rows of one check at several steps; Juju's message is that of the first row with a problem. */
function mergeRows(rows: readonly PlanCheck[]): readonly PlanCheck[] {
  const worst = rows.find(({ state }) => state === "found") ?? rows.find(({ state }) => state === "look");
  const first = worst ?? rows[0];
  if (first === undefined) return [];
  const { uncertain, ...rest } = first;
  const isUncertain = rows.every((row) => row.state !== "found" || row.uncertain === true);
  const merged = {
    ...rest,
    steps: [...new Set(rows.flatMap(({ steps }) => steps))],
    where: [...new Set(rows.flatMap(({ where }) => where))],
    unknown: [...new Set(rows.flatMap(({ unknown = [] }) => unknown))],
    ...(uncertain === true && isUncertain ? { uncertain: true as const } : {}),
  };
  return [merged];
}

type Find = (model: FleetModel, server: JujuVersion, group: PlanGroup) => Finding;

/** How the files decide each check; no listing decides the others. */
const FINDERS: Readonly<Record<string, Find>> = {
  "agents-lagging": agents.findLagging,
  "controller-nodes-lagging": controllers.findLaggingNodes,
  "mongo-replica-set": (own, _server, group) => controllers.findUnhealthyNodes(group.facts, own),
  "mongo-version": (_own, _server, group) => controllers.findOldMongo(group),
  "model-migrating": aboutModels.findMigration,
  "model-dying": aboutModels.findDyingModel,
  "upgrade-in-progress": aboutModels.findUpgradeInProgress,
  "credential-invalid": aboutModels.findInvalidCredential,
  "controller-application-missing": aboutModels.findMissingControllerApplication,
  "series-lock": aboutModels.findSeriesLock,
  "windows-machines": platforms.findWindows,
  "ubuntu-before-focal": platforms.findRefusedUbuntu,
  "bases-of-4.0": platforms.findBasesBeyond4,
  "foreign-os-in-4.0": platforms.findForeignOs,
  "charm-store-charms": platforms.findCharmStore,
  "lxd-before-5": platforms.findOldLxd,
  "openstack-neutron": platforms.findOpenstack,
  "charms-without-manifest": platforms.findWithoutManifest,
  "machine-dying": (model) => agents.findMachines(model, "machine-dying"),
  "machine-not-running": (model) => agents.findMachines(model, "machine-not-running"),
  "machine-not-started": (model) => agents.findMachines(model, "machine-not-started"),
  "agents-differ": (model) =>
    agents.bothOf(agents.findMachines(model, "agents-differ"), agents.findUnits(model, "agents-differ")),
  "application-dying": agents.findDyingApplications,
  "unit-not-idle": (model) => agents.findUnits(model, "unit-not-idle"),
  "workload-not-viable": (model) => agents.findUnits(model, "workload-not-viable"),
  "unit-upgrading": (model) => agents.findUnits(model, "unit-upgrading"),
};

/** Checks of units that no listing shows. They do not apply to a model without units. */
const ABOUT_UNITS = new Set(["unit-dying", "relation-scope"]);

function findingOf(id: string, model: FleetModel, server: JujuVersion, group: PlanGroup): Finding {
  if (ABOUT_UNITS.has(id) && agents.hasNoUnits(model)) return { found: [], unknown: [] };
  return FINDERS[id]?.(model, server, group) ?? UNKNOWN;
}
