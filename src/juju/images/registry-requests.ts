import { rowFor, type VersionSpan, type JujuVersion } from "../version.ts";

/** When Juju itself contacts a registry; in addition, nodes pull images. */
export type RegistryStep = "bootstrap" | "upgrade-controller" | "upgrade-model";

/** The requests of Juju to a registry at a step. */
export interface RegistryRequests {
  readonly requests: readonly string[];
  /** The repository that it uses. */
  readonly repositoryFrom: string;
  /** Whether a login and `serveraddress` of `caas-image-repo` are used: with them a port or a private CA can work. */
  readonly usesConfig: boolean;
  readonly source: string;
}

interface RequestRow extends VersionSpan, Partial<RegistryRequests> {}

const FROM_CONFIG = "caas-image-repo, with its login and serveraddress";
const FROM_IMAGE = "the repository part of the model operator's image: no login, https, port 443";
const FIND_IMAGES = [
  "GET /v2/NAMESPACE/jujud-operator/tags/list, all pages",
  "GET /v2/NAMESPACE/jujud-operator/manifests/TAG for each candidate",
  "GET /v2/NAMESPACE/jujud-operator/blobs/DIGEST for a manifest of schema 2",
];
const PING_SOURCE = "docker/registry/internal/base_client.go:Ping";

const BOOTSTRAP: readonly RequestRow[] = [
  { from: "2.9.13", to: "2.9.46", requests: ["GET /v2"] },
  { from: "3.0", to: "3.1.7", requests: ["GET /v2"] },
  { from: "3.2", to: "3.6.24", requests: ["GET /v2"] },
  { from: "3.6.24", to: "4.0", requests: ["GET /v2/"] },
  { from: "4.0", to: "4.0.12", requests: ["GET /v2"] },
  { from: "4.0.12", requests: ["GET /v2/"] },
];

const UPGRADE_CONTROLLER: readonly RequestRow[] = [
  {
    from: "2.9",
    to: "3.6.9",
    requests: FIND_IMAGES,
    repositoryFrom: FROM_CONFIG,
    usesConfig: true,
    source: "apiserver/facades/client/modelupgrader/findagents.go:agentVersionsForCAAS @2.9.42, 3.6.8",
  },
  {
    from: "3.6.9",
    to: "4.0",
    requests: FIND_IMAGES,
    repositoryFrom: FROM_IMAGE,
    usesConfig: false,
    source:
      "apiserver/facades/client/modelupgrader/findagents.go:agentVersionsForCAAS, podcfg.RecoverRepoFromOperatorPath @3.6.28",
  },
];

/**
 * The requests of Juju to the registry at a step, or undefined if there are none. At a bootstrap the client sends them,
 * only if `caas-image-repo` is set; at an upgrade the running controller does, so its version counts. An upgrade of a
 * model to the controller's version does not send any.
 */
export function requestsToRegistry(version: JujuVersion, step: RegistryStep): RegistryRequests | undefined {
  if (step === "upgrade-model") return undefined;
  const row = rowFor(version, step === "bootstrap" ? BOOTSTRAP : UPGRADE_CONTROLLER);
  if (row?.requests === undefined) return undefined;
  return {
    requests: row.requests,
    repositoryFrom: row.repositoryFrom ?? FROM_CONFIG,
    usesConfig: row.usesConfig ?? true,
    source: row.source ?? PING_SOURCE,
  };
}

/** Formats of image manifests. */
export type ManifestForm = "docker v1" | "docker v2" | "docker list v2";

interface ManifestRow extends VersionSpan {
  readonly forms: readonly ManifestForm[];
}

const ONE_PLATFORM = ["docker v1", "docker v2"] as const;
const WITH_LIST = [...ONE_PLATFORM, "docker list v2"] as const;

/**
 * The manifests that the registry client of an upgrading controller can read; it fails on an OCI manifest or index.
 * Source: docker/registry/internal/manifests.go @2.9.42, 2.9.61, 3.4.5, 3.4.6, 3.5.3, 3.5.4, 3.6.14, 3.6.28
 */
const MANIFESTS: readonly ManifestRow[] = [
  { from: "2.9.19", to: "2.9.54", forms: ONE_PLATFORM },
  { from: "2.9.54", to: "3.0", forms: WITH_LIST },
  { from: "3.0", to: "3.4.6", forms: ONE_PLATFORM },
  { from: "3.4.6", to: "3.5", forms: WITH_LIST },
  { from: "3.5", to: "3.5.4", forms: ONE_PLATFORM },
  { from: "3.5.4", to: "4.0", forms: WITH_LIST },
];

/** Manifests that `upgrade-controller` of this release reads; undefined if it reads none or was not examined. */
export function manifestForms(version: JujuVersion): readonly ManifestForm[] | undefined {
  return rowFor(version, MANIFESTS)?.forms;
}

interface ChangeRow extends VersionSpan {
  readonly may: "any value" | "nothing" | "credentials";
}

/** Source: apiserver/facades/client/controller/controller.go:ConfigSet, controller/config.go @2.9.12 to 4.0.15 */
const CHANGES: readonly ChangeRow[] = [
  { from: "2.8", to: "2.9.13", may: "any value" },
  { from: "2.9.13", to: "2.9.46", may: "nothing" },
  { from: "2.9.46", to: "3.0", may: "credentials" },
  { from: "3.0", to: "3.1.7", may: "nothing" },
  { from: "3.1.7", to: "3.2", may: "credentials" },
  { from: "3.2", to: "3.3", may: "nothing" },
  { from: "3.3", may: "credentials" },
];

/** What can be changed in `caas-image-repo` of a running controller. `credentials`: those of a repository with a login. */
export function repositoryChange(version: JujuVersion): ChangeRow["may"] {
  return rowFor(version, CHANGES)?.may ?? "any value";
}
