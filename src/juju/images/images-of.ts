import { defined } from "../../shared/collections.ts";
import { isFrom, rowFor, type VersionSpan, type JujuVersion } from "../version.ts";
import {
  faultOfReference,
  asksAtParsing,
  readRepository,
  type RepositoryReading,
} from "./image-repository.ts";
import {
  charmBaseTag,
  controllerBase,
  databaseTag,
  hasSidecars,
  operatorTag,
  podspecBase,
} from "./image-tags.ts";

/** Settings of the controller that name images, as given at bootstrap. */
export interface ImageConfig {
  /** `caas-image-repo`: a repository, or from 2.9.13 on JSON with a login. */
  readonly imageRepo?: string;
  /** `caas-operator-image-path`, deprecated: it names only the operator image. */
  readonly operatorPath?: string;
  /** `juju-db-snap-channel`. */
  readonly databaseChannel?: string;
}

/** What Kubernetes has to run. */
export interface ImageQuestion {
  readonly version: JujuVersion;
  /** A new controller of this version, or the agents of a workload model at this version. */
  readonly what: "controller" | "model";
  /** Default: the release's own values. */
  readonly config?: ImageConfig;
  /** Bases of a model's sidecar applications: `ubuntu@22.04/stable`. */
  readonly bases?: readonly string[];
  /** Whether the model has podspec applications. */
  readonly hasPodspec?: boolean;
}

/** The images that Kubernetes pulls, or why Juju fails before that. */
export interface ImageAnswer {
  /** Full references; empty with an error. */
  readonly images: readonly string[];
  /** Juju's error; nothing is pulled in that case. */
  readonly error?: string;
  /** The error of Juju's registry client before any request: a bootstrap fails with it. */
  readonly registryClientError?: string;
  /** Whether the client contacts the registry at bootstrap: it has to reach and trust it. */
  readonly asksRegistryAtBootstrap: boolean;
}

interface RepositoryRow extends VersionSpan {
  readonly repository: string;
}

/**
 * The default repository of images, without `caas-image-repo`.
 * Source: cloudconfig/podcfg/image.go:JujudOCINamespace; from 2.9.58, 3.6.23 and 4.0.11 on linked in when built.
 */
const DEFAULT_REPOSITORIES: readonly RepositoryRow[] = [
  { from: "2.6", to: "3.3", repository: "jujusolutions" },
  { from: "3.3", to: "3.6.9", repository: "docker.io/jujusolutions" },
  { from: "3.6.9", repository: "ghcr.io/juju" },
];

/** The default repository of a release's images. Without a registry in the name it is on Docker Hub. */
export function defaultRepository(version: JujuVersion): string {
  return rowFor(version, DEFAULT_REPOSITORIES)?.repository ?? "jujusolutions";
}

/** The images in the order jujud-operator, juju-db, charm-base, each with its repository. */
export function imagesOf(question: ImageQuestion): ImageAnswer {
  const { version, config = {}, what } = question;
  const reading = readConfig(config, version, what);
  if (reading.error !== undefined) return failed(reading.error, reading.asks);
  const repository = reading.repository?.repository ?? defaultRepository(version);
  const operator = operatorImage(repository, config.operatorPath, version);
  const tags = otherTags(question);
  if ("error" in tags) return failed(tags.error, reading.asks);
  const images = [operator, ...tags.tags.map((tag) => `${repository}/${tag}`)];
  const fault = images.map((image) => faultOfReference(image)).find((one) => one !== undefined);
  if (fault !== undefined) return failed(fault, reading.asks && !isFrom(version, "3.3"));
  return {
    images,
    ...defined({ registryClientError: reading.clientError }),
    asksRegistryAtBootstrap: reading.asks,
  };
}

/** Names and tags without the repository, for an operator to copy: `juju-db:4.4.30`. */
export function imageNamesOf(question: ImageQuestion): readonly string[] {
  const { images } = imagesOf({
    ...question,
    config: { ...question.config, imageRepo: "registry.invalid/juju" },
  });
  return images.map((image) => image.slice(image.lastIndexOf("/") + 1));
}

function failed(error: string, asks: boolean): ImageAnswer {
  return { images: [], error, asksRegistryAtBootstrap: asks };
}

function readConfig(
  { imageRepo, operatorPath }: ImageConfig,
  version: JujuVersion,
  what: ImageQuestion["what"],
): RepositoryReading {
  if (imageRepo !== undefined && imageRepo !== "") return readRepository(imageRepo, version, what);
  const asks = operatorPath !== undefined && asksAtParsing(version);
  return { repository: undefined, asks };
}

function operatorImage(repository: string, path: string | undefined, version: JujuVersion): string {
  const tag = operatorTag(version);
  if (path !== undefined && path !== "") return `${withoutTag(path)}:${tag}`;
  // Up to 2.9.7, everything after the first colon counted as the tag.
  if (!isFrom(version, "2.9.8") && repository.includes(":"))
    return `${repository.split(":")[0] ?? ""}:${tag}`;
  return `${repository}/jujud-operator:${tag}`;
}

/** The path without a tag; a port is not a tag. */
function withoutTag(path: string): string {
  return path.replace(/:[^:/]*$/, "");
}

/** All images except that of the operator, as name and tag. */
function otherTags({
  version,
  what,
  config = {},
  bases = [],
  hasPodspec = false,
}: ImageQuestion): { readonly tags: readonly string[] } | { readonly error: string } {
  if (what === "controller") {
    const database = databaseTag(version, config.databaseChannel);
    if (database !== undefined && "error" in database) return database;
    const base = controllerBase(version);
    return {
      tags: [
        ...(database === undefined ? [] : [`juju-db:${database.tag}`]),
        ...(base === undefined ? [] : [`charm-base:${charmBaseTag(base)}`]),
      ],
    };
  }
  const podspec = hasPodspec ? podspecBase(version) : undefined;
  const all = [...(hasSidecars(version) ? bases : []), ...(podspec === undefined ? [] : [podspec])];
  return { tags: [...new Set(all.map((base) => `charm-base:${charmBaseTag(base)}`))] };
}
