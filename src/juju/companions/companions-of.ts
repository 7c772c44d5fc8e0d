import { shellCommand } from "../../shared/shell-command.ts";
import { isInSpan, type VersionSpan, type JujuVersion } from "../version.ts";
import type { Companion, CompanionQuestion } from "./companion.ts";
import { images, kubernetesBootstrapCompanions } from "./kubernetes-companions.ts";
import { machineBootstrapCompanions } from "./machine-companions.ts";

/** Everything that a step needs from outside the air gap in addition to the agents. A migration needs nothing. */
export function companionsOf(question: CompanionQuestion): readonly Companion[] {
  const { step, type, version } = question;
  if (step === "migrate") return [];
  if (step === "bootstrap") {
    return type === "caas" ? kubernetesBootstrapCompanions(question) : machineBootstrapCompanions(question);
  }
  if (type === "caas") {
    return [
      { ...images("Pods that cannot pull them show ImagePullBackOff."), flags: [], isInCommand: false },
    ];
  }
  return step === "upgrade-controller" && installsDistroInfo(version) ? [distroInfo(question)] : [];
}

/**
 * Releases whose controllers, with the new version, update the apt lists and install a package before their upgrade
 * steps. Source: upgrades/preupgradesteps.go @2.8.13, 2.9.52, 2.9.53, 3.6.28; gone @2.9.53 and @4.0.15
 */
const INSTALLS_DISTRO_INFO: readonly VersionSpan[] = [
  { from: "2.8", to: "2.9.53" },
  { from: "3.0", to: "4.0" },
];

/** Whether each controller machine runs apt in the first step of an upgrade to this version. */
export function installsDistroInfo(version: JujuVersion): boolean {
  return INSTALLS_DISTRO_INFO.some((span) => isInSpan(version, span));
}

function distroInfo({ controller }: CompanionQuestion): Companion {
  const model = `${controller}:controller`;
  return {
    id: "distro-info",
    what: "apt package distro-info on every controller machine",
    need: "always",
    files: ["distro-info_VERSION.deb", "distro-info-data_VERSION.deb"],
    fetch: [shellCommand`apt-get download distro-info distro-info-data`],
    flags: [],
    settings: [shellCommand`juju model-config -m ${model} apt-http-proxy=http://APT-PROXY`],
    isInCommand: false,
    later: "apt-http-proxy and apt-https-proxy apply to existing machines; apt-mirror only to new ones.",
    note: 'Each controller machine updates the apt lists and installs the package as its first step: if apt fails, the upgrade ends with status error, "failed to update distro-info", and already shows the new version. Most images contain the package; then it does not matter if the update of the lists fails.',
    source: "upgrades/preupgradesteps.go @2.8.13, 2.9.52, 3.6.28",
  };
}
