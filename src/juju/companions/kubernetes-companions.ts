import { shellCommand } from "../../shared/shell-command.ts";
import { isFrom, formatMajorMinor, type JujuVersion } from "../version.ts";
import { forAllModels, type Companion, type CompanionQuestion } from "./companion.ts";
import { agentStreams } from "./machine-companions.ts";

/** The companions of a bootstrap on Kubernetes. */
export function kubernetesBootstrapCompanions(question: CompanionQuestion): Companion[] {
  const { version } = question;
  return [
    images("The bootstrap waits for pods that cannot pull their images."),
    ...charmhub(version),
    agentStreams(
      question,
      "The bootstrap itself does not need agents; every upgrade searches the streams of the controller model.",
    ),
    {
      id: "workload-images",
      what: "images of the deployed charms",
      need: "where-used",
      files: [],
      fetch: [],
      flags: [],
      settings: [],
      isInCommand: false,
      later: "They are resources of the charms.",
      note: "jam does not mirror charms and their resources: use an Enterprise Store or juju deploy --resource.",
      source: "docs/howto/manage-charm-resources.md",
    },
  ];
}

/** The container images of a hop; their names are the hop's `images`. */
export function images(note: string): Companion {
  return {
    id: "container-images",
    what: "the container images of this hop in your registry",
    need: "always",
    files: [],
    fetch: [],
    flags: [shellCommand`--config caas-image-repo=REGISTRY/juju`],
    settings: [],
    isInCommand: true,
    later: "After the bootstrap, at most the login can be changed.",
    note: `${note} Any node may pull them again at any time, even long after the hop.`,
    source: "cloudconfig/podcfg/image.go, caas/kubernetes/provider/bootstrap.go @2.9.42, 3.6.28, 4.0.15",
  };
}

/** Requests that Charmhub, or its replacement, has to answer for a controller's charm. */
export function charmhubRequests(version: JujuVersion): readonly string[] {
  if (!isFrom(version, "3.0")) return [];
  const refresh = "POST /v2/charms/refresh";
  const download = "GET the download address of the answer";
  return isFrom(version, "4.0") ? [refresh, download] : [refresh, refresh, download];
}

/** The charm of a controller on Kubernetes cannot be a file. Source: cmd/juju/commands/bootstrap.go @3.0.2, 3.6.28, 4.0.15 */
function charmhub(version: JujuVersion): Companion[] {
  const requests = charmhubRequests(version);
  if (requests.length === 0) return [];
  const channel = `${formatMajorMinor(version)}/stable`;
  return [
    {
      id: "controller-charm",
      what: `charm juju-controller, channel ${channel}, from a Charmhub that the controller's pod can reach`,
      need: "always",
      files: [],
      fetch: [],
      flags: forAllModels("charmhub-url=https://CHARMHUB"),
      settings: [],
      isInCommand: true,
      later:
        "charmhub-url cannot be changed after a model is created; --controller-charm-channel applies only at bootstrap.",
      note: `A file is refused ("deploying a local controller charm on a k8s controller not supported"). The pod sends ${requests.join("; ")}. The controller's image has to trust the certificate.`,
      source:
        "cmd/juju/commands/bootstrap.go, charmhub/refresh.go @3.6.28; domain/deployment/charm/repository/charmhub.go @4.0.15",
    },
  ];
}
