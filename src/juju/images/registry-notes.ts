import { isKnownVersion } from "../knowledge/known-versions.ts";
import { isFrom, isInSpan, formatVersion, type JujuVersion } from "../version.ts";
import { defaultRepository } from "./images-of.ts";
import { clientErrorOf, hasPort, type ImageRepository } from "./image-repository.ts";
import { manifestForms, repositoryChange, requestsToRegistry } from "./registry-requests.ts";

/** One note on the registry at a hop. */
export interface RegistryNote {
  readonly id: string;
  /** `stops`: Juju refuses or fails if the condition applies. */
  readonly severity: "info" | "stops";
  readonly note: string;
  readonly remedy?: string;
  readonly source: string;
}

/** A hop on Kubernetes. */
export interface RegistryHop {
  /** Version of the controller that runs the upgrade; of the client for a bootstrap. */
  readonly version: JujuVersion;
  readonly step: "bootstrap" | "upgrade-controller";
  /** The value of `caas-image-repo`; undefined if it is not known. */
  readonly repository?: ImageRepository | undefined;
}

/** Notes on the registry, the most serious first. If the repository is not known, the texts contain the conditions. */
export function registryNotes(hop: RegistryHop): readonly RegistryNote[] {
  const notes = hop.step === "bootstrap" ? bootstrapNotes(hop) : upgradeNotes(hop);
  return notes.toSorted((a, b) => Number(b.severity === "stops") - Number(a.severity === "stops"));
}

function bootstrapNotes({ version, repository }: RegistryHop): RegistryNote[] {
  const clientError = repository === undefined ? undefined : clientErrorOf(repository);
  const check = requestsToRegistry(version, "bootstrap");
  return [
    ...(version.major === 2 && version.minor === 9 && version.patch === 58 ? [EMPTY_DEFAULT] : []),
    ...(isFrom(version, "2.9.13") && (repository === undefined || clientError !== undefined)
      ? [portNote(clientError)]
      : []),
    ...(check === undefined ? [] : [pingNote(check.requests, check.source)]),
    ...(hasBrokenLogin(version) && repository?.isPrivate !== false ? [LOGIN] : []),
    changeNote(version),
  ];
}

function upgradeNotes({ version, repository }: RegistryHop): RegistryNote[] {
  const check = requestsToRegistry(version, "upgrade-controller");
  if (check === undefined) return isFrom(version, "4.0") ? [NOT_ASKED] : [];
  const forms = manifestForms(version);
  return [
    ...(isBrokenOnKubernetes(version) ? [BROKEN_UPGRADE] : []),
    ...(check.usesConfig || isServedPlainly(repository) ? [] : [portAtUpgrade(version, check.source)]),
    ...(hasBrokenLogin(version) && check.usesConfig && repository?.isPrivate !== false ? [LOGIN] : []),
    {
      id: "registry-asked-at-upgrade",
      severity: "info",
      note: `The controller checks the image itself before it upgrades: ${check.requests.join("; ")}. The repository is ${check.repositoryFrom}. The tag has to exist for amd64, even if the cluster uses other architectures.`,
      source: check.source,
    },
    ...(forms === undefined
      ? []
      : [
          {
            id: "registry-manifest-form",
            severity: "info" as const,
            note: `The controller reads manifests in the formats ${forms.join(", ")}; the command fails on an OCI manifest or index.`,
            remedy: forms.includes("docker list v2")
              ? "Copy images with skopeo copy --all --format v2s2."
              : "Copy images with skopeo copy --format v2s2, without --all, for the architecture amd64.",
            source: "docker/registry/internal/manifests.go @2.9.42 to 3.6.28",
          },
        ]),
  ];
}

/** True if a registry is known not to need what is dropped. Whether its certificate is trusted is not known. */
function isServedPlainly(repository: ImageRepository | undefined): boolean {
  return repository !== undefined && !hasPort(repository) && !repository.isPrivate;
}

function portAtUpgrade(version: JujuVersion, source: string): RegistryNote {
  const known = isKnownVersion(version)
    ? "3.6.9 to 3.6.28 do so"
    : `3.6.9 to 3.6.28 do so; what ${formatVersion(version)} does is not known`;
  return {
    id: "registry-at-upgrade",
    severity: "stops",
    note: `upgrade-controller contacts the registry anonymously over HTTPS on port 443 and ignores serveraddress and login of caas-image-repo (${known}): it fails if the registry has a port, a login or a certificate of a private authority.`,
    remedy:
      "Serve the same repository under the same name at port 443, without a login for reading, with a certificate that the controller's image trusts, at least during the upgrade; else bootstrap a new controller and migrate.",
    source,
  };
}

function portNote(error: string | undefined): RegistryNote {
  const shown = error === undefined ? "" : ` Here: ${error}.`;
  return {
    id: "registry-port",
    severity: "stops",
    note: `A registry with a port in plain form (HOST:5000/juju) is refused, as is one without a namespace.${shown}`,
    remedy:
      'Give JSON with the address: --config caas-image-repo=\'{"repository":"HOST:5000/juju","serveraddress":"https://HOST:5000"}\'. A name without a port is better, because upgrades of 3.6.9 to 3.6.28 drop the address.',
    source: "docker/registry/internal/base_client.go:normalizeURL @2.9.42, 3.6.28, 4.0.15; juju #22083",
  };
}

function pingNote(requests: readonly string[], source: string): RegistryNote {
  return {
    id: "registry-asked-at-bootstrap",
    severity: "info",
    note: `The client contacts the registry of caas-image-repo (${requests.join("; ")}): it has to reach it and trust its certificate.`,
    source,
  };
}

function changeNote(version: JujuVersion): RegistryNote {
  const may = {
    "any value": "Later, it can be changed with juju controller-config.",
    nothing: "It cannot be changed later.",
    credentials: "Later, only the login can be changed, if the repository has one.",
  }[repositoryChange(version)];
  return {
    id: "registry-change",
    severity: "info",
    note: `Without caas-image-repo, images are pulled from ${defaultRepository(version)}. ${may}`,
    source: "controller/config.go @2.8 to 4.0.15",
  };
}

/** Fixed in 2.9.56 and 3.6.19. */
function isBrokenOnKubernetes(version: JujuVersion): boolean {
  return isInSpan(version, { from: "2.9", to: "2.9.56" }) || isInSpan(version, { from: "3.0", to: "3.6.19" });
}

const BROKEN_UPGRADE: RegistryNote = {
  id: "upgrade-broken-on-kubernetes",
  severity: "stops",
  note: "upgrade-controller of releases before 2.9.56 and 3.6.19 fails on Kubernetes with the images that are published today, because it cannot read their manifests.",
  remedy:
    "Keep the images in your registry with manifests that it reads (below), or bootstrap a new controller and migrate the models.",
  source: "release notes of 2.9.56 and 3.6.19; juju #21979, #17762",
};

/** Fixed in 2.9.60, 3.6.24 and 4.0.12. */
function hasBrokenLogin(version: JujuVersion): boolean {
  return [
    { from: "2.9", to: "2.9.60" },
    { from: "3.0", to: "3.6.24" },
    { from: "4.0", to: "4.0.12" },
  ].some((span) => isInSpan(version, span));
}

const LOGIN: RegistryNote = {
  id: "registry-login",
  severity: "info",
  note: "Registries with bearer tokens, or with relative links between pages, work from 2.9.60, 3.6.24 and 4.0.12.",
  remedy: "Use one of these releases, or a registry with basic authentication or without login.",
  source: "docker/registry/internal @2.9.60, 3.6.24, 4.0.12; release notes of 3.6.24",
};

const EMPTY_DEFAULT: RegistryNote = {
  id: "registry-default-empty",
  severity: "stops",
  note: "The snap of 2.9.58 has no default repository: a bootstrap without caas-image-repo fails.",
  remedy: "Set caas-image-repo, or use 2.9.59 or later.",
  source: "release notes of 2.9.59",
};

const NOT_ASKED: RegistryNote = {
  id: "registry-not-asked",
  severity: "info",
  note: "The upgrade does not check the registry: a missing image shows as ImagePullBackOff after the version was set.",
  remedy: "Check before the upgrade that every node can pull the images of this hop.",
  source: "domain/controllerupgrader/service/service.go @4.0.15",
};
