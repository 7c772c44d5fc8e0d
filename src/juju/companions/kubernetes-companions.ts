import { shellCommand } from "../../shared/shell-command.ts";
import { isFrom } from "../version-span.ts";
import { formatMajorMinor, type JujuVersion } from "../version.ts";
import { forAllModels, type Companion, type CompanionQuestion } from "./companion.ts";
import { agentStreams } from "./machine-companions.ts";

/** What a bootstrap on Kubernetes needs. */
export function kubernetesBootstrapCompanions(question: CompanionQuestion): Companion[] {
  const { version } = question;
  return [
    images("The bootstrap waits for pods that cannot pull their images."),
    ...charmhub(version),
    agentStreams(
      question,
      "The bootstrap itself asks for no agents; every upgrade looks in the streams of the controller's own model.",
    ),
    {
      id: "workload-images",
      what: "images of the charms that are deployed",
      need: "where-used",
      files: [],
      fetch: [],
      flags: [],
      settings: [],
      isInCommand: false,
      later: "They come with the charms' resources.",
      note: "jam has no part in charms and their resources: an Enterprise Store or juju deploy --resource brings them.",
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
    later: "After the bootstrap at most the login can be changed.",
    note: `${note} Any node may pull them again at any time, also long after the hop.`,
    source: "cloudconfig/podcfg/image.go, caas/kubernetes/provider/bootstrap.go @2.9.42, 3.6.28, 4.0.15",
  };
}

/** Requests that Charmhub, or what stands in for it, has to answer for a controller's charm. */
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
      what: `charm juju-controller, channel ${channel}, from a Charmhub that the controller's pod reaches`,
      need: "always",
      files: [],
      fetch: [],
      flags: forAllModels("charmhub-url=https://CHARMHUB"),
      settings: [],
      isInCommand: true,
      later:
        "charmhub-url cannot be changed after a model is made; --controller-charm-channel counts at bootstrap only.",
      note: `A file is refused ("deploying a local controller charm on a k8s controller not supported"). The pod asks: ${requests.join("; ")}. Its certificate has to be trusted by the controller's image.`,
      source:
        "cmd/juju/commands/bootstrap.go, charmhub/refresh.go @3.6.28; domain/deployment/charm/repository/charmhub.go @4.0.15",
    },
  ];
}
