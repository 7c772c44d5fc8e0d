import type { Config } from "../config/config.ts";
import type { Allowance } from "../metadata/freshness.ts";
import { printable } from "../shared/printable.ts";
import type { CommandContext } from "./command.ts";

/** A value of `--allow` of any command: a check of what arrives, or of what clients see. */
export type Allowed = Allowance | "served";

/** Flags that switch a check off, under the names that commands give them. */
export interface UnsafeFlags {
  readonly verify?: boolean;
  readonly allow?: readonly Allowed[];
  readonly allowUnsigned?: true;
}

/** What each value of `--allow` does. */
export const ALLOWED = {
  rollback: "what is older than what was accepted before is accepted",
  future: "what is dated in the future is accepted",
  "expired-key": "new signatures of expired keys are accepted: anyone who has such a key can backdate one",
  "mass-removal": "any number of agents may be removed at once",
  "path-reuse": "different bytes under the name of an agent in the mirror are accepted",
  inconsistent: "an index and product files that do not belong together are accepted",
  served: "a channel that shows agents is deleted: clients of its address find nothing",
} as const satisfies Record<Allowed, string>;

/** Names each check that flags switch off, before anything else and also with --quiet. */
export async function tellUnsafeFlags(context: CommandContext, flags: UnsafeFlags): Promise<void> {
  if (flags.verify === false)
    await tell(
      context,
      "--no-verify: signatures are not verified; anyone who can change the answers of the upstream chooses your agents.",
    );
  for (const what of new Set(flags.allow)) await tell(context, `--allow ${what}: ${ALLOWED[what]}.`);
  if (flags.allowUnsigned === true)
    await tell(
      context,
      "--allow-unsigned: what nobody trusted here has signed is accepted; anyone who handled it may have changed it.",
    );
}

/** Names what settings and environment leave unverified, in commands that read upstreams. */
export async function tellUnsafeSettings(
  context: CommandContext,
  { upstreams, mode }: Pick<Config, "upstreams" | "mode">,
): Promise<void> {
  for (const { name, url, keyring } of upstreams) {
    if (keyring !== "none") continue;
    const how = url.startsWith("http:") ? " and is read over plain HTTP" : "";
    await tell(
      context,
      `upstream ${printable(name)} is not verified (keyring: none)${how}; anyone who can change its answers chooses your agents.`,
    );
  }
  const usesTls = mode !== "offline" && upstreams.some(({ url }) => url.startsWith("https:"));
  if (usesTls && context.io.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")
    await tell(context, "NODE_TLS_REJECT_UNAUTHORIZED=0: the certificates of servers are not verified.");
}

function tell({ output, paintError }: CommandContext, what: string): Promise<void> {
  return output.warn(`${paintError("red", "DANGER")}: ${what}`);
}
