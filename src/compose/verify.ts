import type { Config } from "../config/config.ts";
import type { VerifyDocument } from "../verify/verify-document.ts";
import type { VerifyOptions, VerifyWork } from "../verify/verify-mirror.ts";
import { openStore } from "./store.ts";

/**
 * Verifies this mirror.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function composeVerification(
  config: Pick<Config, "store" | "retention">,
  options: Omit<VerifyOptions, "retention">,
  work: Omit<VerifyWork, "store" | "sleep">,
): Promise<VerifyDocument> {
  const { verifyMirror } = await import("../verify/verify-mirror.ts");
  const { setTimeout: sleep } = await import("node:timers/promises");
  return verifyMirror(
    { ...options, retention: config.retention },
    {
      ...work,
      store: await openStore(config),
      sleep: async (ms, signal) => {
        await sleep(ms, undefined, { signal });
      },
    },
  );
}
