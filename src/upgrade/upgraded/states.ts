/**
 * The progress of an agent. Only `on-target` and `ahead` are done: such an agent runs the target version or a later one,
 * and its status shows that it works. `behind` works and runs a lower version · `upgrading` runs its upgrade steps ·
 * `not-started` never had an agent · `failed` · `not-reachable` is down, lost or stopped: the version is the last that it
 * reported · `not-readable` has no status or no version.
 * Source: juju worker/upgrader (agents report their version before their steps run), apiserver/common/machinestatus.go,
 * apiserver/common/unitstatus.go @3.6.28
 */
export type UpgradedState =
  | "on-target"
  | "ahead"
  | "behind"
  | "upgrading"
  | "not-started"
  | "failed"
  | "not-reachable"
  | "not-readable";

/**
 * The progress of a model. The worst of its parts counts, in this order: `not-begun` (the model is set to a lower version), `failed`,
 * `not-readable` (something is unknown, so it is not done), `not-reachable`, `in-progress`, `done`.
 */
export type UpgradedModelState =
  "not-begun" | "failed" | "not-readable" | "not-reachable" | "in-progress" | "done";

const BY_WEIGHT: readonly UpgradedModelState[] = [
  "not-begun",
  "failed",
  "not-readable",
  "not-reachable",
  "in-progress",
];

/** The worst of several states; `done` if there are none. */
export function worstState(states: readonly UpgradedModelState[]): UpgradedModelState {
  return BY_WEIGHT.find((state) => states.includes(state)) ?? "done";
}

/** The state of an agent as a state of its model. */
export function modelStateOf(state: UpgradedState): UpgradedModelState {
  switch (state) {
    case "on-target":
    case "ahead":
      return "done";
    case "behind":
    case "upgrading":
    case "not-started":
      return "in-progress";
    default:
      return state;
  }
}

/** True for an agent that is done. */
export function isOnTarget(state: UpgradedState): boolean {
  return modelStateOf(state) === "done";
}
