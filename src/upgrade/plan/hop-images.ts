import { imageNamesOf } from "../../juju/images/images-of.ts";
import { compareVersions, type JujuVersion } from "../../juju/version.ts";
import type { PlannedModel } from "./group.ts";

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
