import type { RefName } from "../shared/ref-name.ts";

/** What a ref has to show, as something else than the ref tells. */
export interface ExpectedRef {
  readonly name: RefName;
  /** Id of the snapshot. */
  readonly snapshot: string;
  /** Versions that it does not show any longer. */
  readonly withdrawn: ReadonlySet<string>;
  /** Snapshots that rollbacks lead to, the nearest one last. */
  readonly rollbacks: readonly string[];
}

/** Reads what refs have to show; those of which it is not known are left out. */
export type ReadExpectedRefs = () => Promise<readonly ExpectedRef[]>;
