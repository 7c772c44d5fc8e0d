import { type JujuVersion, formatVersion, isSame } from "../version.ts";
import { NO_UPGRADES } from "./messages.ts";
import type { ValidUpgradeRequest } from "./request.ts";
/**
 * What Juju does with an upgrade request. `changed` is false where it writes the value that is there already;
 * `setStream` is the stream it writes into the model's settings with it.
 */
export type UpgradeOutcome =
  | {
      readonly outcome: "upgrade";
      readonly chosen: string;
      readonly changed: boolean;
      readonly setStream?: string;
    }
  /** Success is reported and nothing is written. */
  | { readonly outcome: "no-op"; readonly chosen: string; readonly changed: false }
  /** Juju prints the message and exits 0. */
  | { readonly outcome: "up-to-date"; readonly message: string }
  /** Juju's exact words; `infos` are what it prints before. */
  | { readonly outcome: "error"; readonly error: string; readonly infos?: readonly string[] }
  /** The client uploads its own jujud. */
  | { readonly outcome: "upload-local"; readonly chosen: string; readonly changed: boolean }
  /** The client would upload its own jujud but has none. */
  | { readonly outcome: "needs-local-agent" };

/** What a bootstrap does: `binary` starts the machine, `agentVersion` is what it then settles on. */
export type BootstrapOutcome =
  | { readonly outcome: "bootstrap"; readonly agentVersion: string; readonly binary: string }
  /** The client packages the jujud next to it. */
  | { readonly outcome: "local-agent" }
  | { readonly outcome: "error"; readonly error: string };

/** Whether the target controller accepts the model, with its own words where not. */
export type MigrationOutcome = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** What Juju does, in the shape of its recorded answers. */
export type JujuOutcome = UpgradeOutcome | BootstrapOutcome;

export const UP_TO_DATE: UpgradeOutcome = { outcome: "up-to-date", message: NO_UPGRADES };

/** The answer that carries Juju's words. */
export function refuse(error: string): UpgradeOutcome {
  return { outcome: "error", error };
}

/** The answer "agent-version is set to this"; names the stream where Juju writes that too. */
export function upgradeTo(request: ValidUpgradeRequest, chosen: JujuVersion, setStream = ""): UpgradeOutcome {
  const answer = {
    outcome: "upgrade",
    chosen: formatVersion(chosen),
    changed: !isSame(chosen, request.current),
  } as const;
  return setStream === "" ? answer : { ...answer, setStream };
}
