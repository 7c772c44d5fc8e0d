import type { Config } from "../config/config.ts";
import type { VerifyDocument } from "../verify/verify-document.ts";
import type { VerifyOptions, VerifyWork } from "../verify/verify-mirror.ts";
import { openStore } from "./store.ts";

/**
 * Verifies this mirror.
 * @throws JamError JAM_MIRROR_EMPTY where nothing was ever published, JAM_STORE_…, the reason of the signal
 */
export async function composeVerification(
  config: Pick<Config, "data" | "store" | "retention">,
  options: Omit<VerifyOptions, "retention">,
  work: Omit<VerifyWork, "store" | "sleep">,
): Promise<VerifyDocument> {
  const { verifyMirror } = await import("../verify/verify-mirror.ts");
  const { setTimeout: sleep } = await import("node:timers/promises");
  const store = await openStore(config);
  const { listSnapshotIds, mirrorEmpty } = await import("../mirror/read-snapshots.ts");
  const isEmpty =
    (await store.refs.list()).length === 0 && (await listSnapshotIds(store.documents)).length === 0;
  if (isEmpty) throw mirrorEmpty(config.data);
  return verifyMirror(
    { ...options, retention: config.retention },
    {
      ...work,
      store,
      sleep: async (ms, signal) => {
        await sleep(ms, undefined, { signal });
      },
    },
  );
}
