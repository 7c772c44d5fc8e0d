import { formatByteSize } from "../shared/byte-size.ts";
import { JamError } from "../shared/errors.ts";
import { sumTarballBytes } from "../juju/agent.ts";
import type { SyncPlan } from "./plan.ts";
import type { SyncStore } from "./ports.ts";

/** Kept free beyond what a run needs, so that the machine's other work goes on. */
const RESERVED_BYTES = 64 * 2 ** 20;

/**
 * Refuses a run that would fill the disk or exceed the quota, before it starts.
 * @throws JamError JAM_STORE_NO_SPACE with needed and free bytes
 */
export async function refuseOverfull(
  store: Pick<SyncStore, "freeBytes">,
  plan: SyncPlan,
  quota: number | undefined,
): Promise<void> {
  const free = await store.freeBytes();
  const details = { needed: plan.bytes, free, reserved: RESERVED_BYTES };
  if (plan.bytes > 0 && plan.bytes + RESERVED_BYTES > free) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `This sync needs ${formatByteSize(plan.bytes)} and the data directory has ${formatByteSize(free)} free.`,
      {
        hint: "Free some space, or narrow `select` in jam.yaml (jam sync --dry-run shows the plan).",
        details,
      },
    );
  }
  const total = sumTarballBytes(plan.wanted);
  if (quota !== undefined && total > quota) {
    throw new JamError(
      "JAM_STORE_NO_SPACE",
      `What the rules want is ${formatByteSize(total)}, more than the quota of ${formatByteSize(quota)}.`,
      {
        hint: "Raise retention.quota or narrow `select` in jam.yaml.",
        details: { ...details, total, quota },
      },
    );
  }
}
