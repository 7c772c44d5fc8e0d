import { shellCommand, type ShellCommand } from "../../shared/shell-command.ts";
import { isFrom, formatMajorMinor, formatVersion, type JujuVersion } from "../version.ts";
import type { HopSituation, ProcedureStep } from "./procedure.ts";

const SOURCE = "docs/howto/manage-juju.md; snap/snapcraft.yaml @2.9.42, 3.6.28";

/** Which client to use, and how to install it inside. */
export function clientSteps(situation: HopSituation): ProcedureStep[] {
  const { to } = situation;
  return to.major < 2 ? [oldClient(to)] : [fetchOutside(situation), installInside(to), fromStore(to)];
}

function oldClient(to: JujuVersion): ProcedureStep {
  return {
    id: "client",
    title: "client",
    text: `Use a client of ${formatMajorMinor(to)}. It was the Ubuntu package juju-core; how to get it today was not examined.`,
    commands: [],
    source: "not read",
  };
}

function fetchOutside({ to, how }: HopSituation): ProcedureStep {
  const minor = formatMajorMinor(to);
  const which =
    how === "migrate"
      ? `A client of ${minor} bootstraps only controllers of ${minor}; --agent-version ${formatVersion(to)} selects this patch.`
      : `Use a client of ${minor}; a newer one of the same major works too.`;
  return {
    id: "client-fetch",
    title: "download the snap outside",
    text: `${which} On a machine with internet access, download the snap and its assertion. The second command prints its base snap: download that too, unless it is already installed inside.`,
    commands: [
      shellCommand`snap download juju --channel=${minor}/stable`,
      shellCommand`snap info --verbose ./juju_REVISION.snap`,
    ],
    source: SOURCE,
  };
}

function installInside(to: JujuVersion): ProcedureStep {
  const confinement = isClassic(to)
    ? "The snap of 2.9 and older is classic."
    : "The snap is strictly confined from 3.0: files that commands read must be in your home folder, not in a hidden folder. ~/.local/share/juju of an older client is kept.";
  return {
    id: "client-install",
    title: "install it inside",
    text: `Inside, install the file; it also replaces an installed juju. ${confinement} Back up the client's data first.`,
    commands: [
      shellCommand`sudo snap ack ./juju_REVISION.assert`,
      isClassic(to)
        ? shellCommand`sudo snap install ./juju_REVISION.snap --classic`
        : shellCommand`sudo snap install ./juju_REVISION.snap`,
      shellCommand`juju version`,
    ],
    source: SOURCE,
  };
}

function fromStore(to: JujuVersion): ProcedureStep {
  const minor = formatMajorMinor(to);
  const commands: readonly ShellCommand[] = isClassic(to)
    ? [
        shellCommand`sudo snap refresh juju --channel=${minor}/stable --classic`,
        shellCommand`sudo snap install juju --channel=${minor}/stable --classic`,
      ]
    : [
        shellCommand`sudo snap refresh juju --channel=${minor}/stable`,
        shellCommand`sudo snap install juju --channel=${minor}/stable`,
      ];
  return {
    id: "client-from-store",
    title: "or from a snap store or its proxy",
    text: "If a snap store or its proxy is reachable: refresh an installed juju (snap install would not change it), or install it.",
    commands,
    source: SOURCE,
  };
}

/** The snap is classic up to 2.9 and strictly confined from 3.0. */
function isClassic(to: JujuVersion): boolean {
  return !isFrom(to, "3.0");
}
