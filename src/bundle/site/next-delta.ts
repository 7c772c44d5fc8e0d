import type { Advice } from "../../juju/knowledge/knowledge.ts";
import { readCurrentSnapshot } from "../../mirror/current.ts";
import { adviceOf } from "../../mirror/knowledge.ts";
import type { Store } from "../../store/store.ts";
import { signBundle } from "../create/create-bundle.ts";
import { planBundle } from "../create/plan-bundle.ts";
import type { BundleSigner } from "../signing.ts";
import type { Have } from "./have.ts";

/** What the size of a delta depends on in addition to the store. */
export interface DeltaSettings {
  /** The advice of jam.yaml. */
  readonly advice: readonly Advice[];
  /** Undefined for a side without a key. */
  readonly signer: BundleSigner | undefined;
}

/**
 * Computes the size, in bytes, of the bundle that would bring another side up to the current snapshot.
 * Writes nothing.
 * @throws JamError JAM_STORE_…
 */
export async function openDeltaSizes(
  store: Pick<Store, "blobs" | "documents" | "refs">,
  settings: DeltaSettings,
): Promise<(have: Have) => Promise<number>> {
  const snapshot = await readCurrentSnapshot(store);
  return async (have) => {
    if (snapshot === undefined) return 0;
    const advice = await adviceOf(store.documents, settings.advice);
    const manifest = await planBundle({ snapshot, choice: {}, have, advice, allowsPartial: true }, store);
    const { volumes } = await signBundle(manifest, undefined, settings.signer);
    return volumes.reduce((sum, { bytes }) => sum + bytes, 0);
  };
}
