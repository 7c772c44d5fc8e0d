import { type VersionSpan, isFrom, rowFor, type JujuVersion } from "../version.ts";

/** The value of `caas-image-repo`. */
export interface ImageRepository {
  /** `registry.example.com/juju`. */
  readonly repository: string;
  /** `https://registry.example.com:5000`; only the JSON form has it. */
  readonly serverAddress?: string;
  /** True if it contains a login. */
  readonly isPrivate: boolean;
}

/** When Juju only pings the registry, and whether it creates a client for it. */
type Contact = "at parsing, asks" | "at parsing, no request" | "at bootstrap, asks" | "never";

interface ContactRow extends VersionSpan {
  readonly contact: Contact;
}

/**
 * Source: controller/config.go:validateCAASImageRepo @2.9.13 to 3.2, environs/bootstrap/bootstrap.go:bootstrapCAAS
 * @3.3 and later, docker/registry/internal/base_client.go:Ping.
 */
const CONTACTS: readonly ContactRow[] = [
  { from: "2.9.13", to: "2.9.46", contact: "at parsing, asks" },
  { from: "2.9.46", to: "3.0", contact: "at parsing, no request" },
  { from: "3.0", to: "3.1.7", contact: "at parsing, asks" },
  { from: "3.1.7", to: "3.2", contact: "at parsing, no request" },
  { from: "3.2", to: "3.3", contact: "at parsing, asks" },
  { from: "3.3", contact: "at bootstrap, asks" },
];

/** Releases whose built-in list of registries does not contain public ECR. Source: docker/registry/internal/registry.go. */
const WITHOUT_PUBLIC_ECR: readonly VersionSpan[] = [
  { from: "2.9.16", to: "2.9.43" },
  { from: "3.0", to: "3.1.3" },
  { from: "3.2", to: "3.2.1" },
];

/** Registries that Juju does not ping. */
const NEVER_PINGED = /^(?:ghcr\.io|quay\.io|public\.ecr\.aws)$/;

/** How a release reads a value of `caas-image-repo`. */
export interface RepositoryReading {
  /** Undefined if it was refused. */
  readonly repository: ImageRepository | undefined;
  /** Juju's error for the value. */
  readonly error?: string;
  /** The error of Juju's registry client before any request: the bootstrap fails with it. */
  readonly clientError?: string;
  /** Whether the client contacts the registry at bootstrap. */
  readonly asks: boolean;
}

/** `caas-image-repo` as the release reads it for a new controller or for a model's agents. */
export function readRepository(
  text: string,
  version: JujuVersion,
  what: "controller" | "model",
): RepositoryReading {
  const repository = parseRepository(text, version);
  const contact = contactOf(version);
  if (contact === "never") return { repository, asks: false };
  if (repository.repository === "") {
    const where = isFrom(version, "3.3") ? "parsing caas-image-repo: " : "";
    return { repository: undefined, error: `${where}empty repository not valid`, asks: false };
  }
  if (contact === "at bootstrap, asks") {
    if (what === "model") return { repository, asks: false };
    const clientError = clientErrorOf(repository);
    if (clientError !== undefined) return { repository, clientError, asks: false };
    return { repository, asks: isPinged(repository) };
  }
  const error = errorAtParsing(repository, version, contact);
  if (error !== undefined) return { repository: undefined, error, asks: false };
  return { repository, asks: contact === "at parsing, asks" && isPinged(repository) };
}

/** Whether a release that parses the path of the operator image also contacts its registry. */
export function asksAtParsing(version: JujuVersion): boolean {
  return contactOf(version) === "at parsing, asks";
}

/**
 * The value as text or, from 2.9.13, as JSON. Anything that is not JSON counts as a repository.
 * Source: docker/auth.go:NewImageRepoDetails @3.6.28
 */
export function parseRepository(text: string, version: JujuVersion): ImageRepository {
  const document =
    isFrom(version, "2.9.13") && text.trimStart().startsWith("{") ? parseObject(text) : undefined;
  if (document === undefined) return { repository: text, isPrivate: false };
  const [serverAddress, repository] = [document["serveraddress"], document["repository"]];
  return {
    repository: typeof repository === "string" ? repository : "",
    ...(typeof serverAddress === "string" && serverAddress !== "" ? { serverAddress } : {}),
    isPrivate: ["username", "password", "auth", "identitytoken", "registrytoken"].some(
      (key) => typeof document[key] === "string" && document[key] !== "",
    ),
  };
}

/**
 * Why Juju's registry client cannot contact a registry, before any request; undefined if it can try.
 * An address with a port needs a scheme, which only `serveraddress` can have.
 * Source: docker/registry/internal/base_client.go:normalizeURL, docker/registry/utils.go @3.3.5 to 3.6.28, 4.0.15;
 * run on 3.6.11, 3.6.28 and 4.0.15. juju #22083.
 */
export function clientErrorOf({ repository, serverAddress }: ImageRepository): string | undefined {
  const registry = registryOf(repository);
  if (serverAddress !== undefined) return faultOfAddress(serverAddress);
  if (registry === undefined) return `oci reference "${repository}" must have a domain`;
  return faultOfAddress(registry);
}

/** True if the repository or the server address contains a port. */
export function hasPort({ repository, serverAddress }: ImageRepository): boolean {
  const registry = registryOf(repository) ?? "";
  return /:\d+$/.test(registry) || /:\d+\/?$/.test(serverAddress ?? "");
}

function contactOf(version: JujuVersion): Contact {
  // Pre-releases of 2.9 were not examined. Contacting the registry is the safe assumption, and what 2.9.42 does.
  if (version.major === 2 && version.minor === 9 && version.tag !== "") return "at parsing, asks";
  return rowFor(version, CONTACTS)?.contact ?? "never";
}

function errorAtParsing(one: ImageRepository, version: JujuVersion, contact: Contact): string | undefined {
  const { repository, serverAddress } = one;
  const fault = faultOfNormalized(repository, isFrom(version, "2.9.46") && version.major === 2);
  if (fault !== undefined) return `docker image path "${repository}": ${fault}`;
  const registry = registryOf(repository);
  if (registry === "public.ecr.aws" && WITHOUT_PUBLIC_ECR.some((span) => rowFor(version, [span]))) {
    return 'container registry "public.ecr.aws" not supported';
  }
  const address = serverAddress ?? registry;
  const cannotReach = address === undefined ? undefined : faultOfAddress(address);
  if (cannotReach === undefined || address === undefined) return undefined;
  if (cannotReach.startsWith("parsing")) return cannotReach;
  return contact === "at parsing, asks" ? `Get "${address.toLowerCase()}": ${cannotReach}` : undefined;
}

/**
 * How Go's URL parser reads `host:5000`: a host that begins with a letter counts as a scheme, anything else as a path. Source: net/url getScheme, parse
 */
function faultOfAddress(address: string): string | undefined {
  if (address.includes("://") || !address.includes(":")) return undefined;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(address)?.[1];
  return scheme === undefined
    ? `parsing server address "${address}": parse "${address}": first path segment in URL cannot contain colon`
    : `unsupported protocol scheme "${scheme.toLowerCase()}"`;
}

function isPinged({ repository, serverAddress }: ImageRepository): boolean {
  const host = serverAddress?.replace(/^[a-z]+:\/\//, "").replace(/\/.*$/, "") ?? registryOf(repository);
  return !NEVER_PINGED.test(host ?? "docker.io");
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Names of container images, as the library that Juju uses parses them.
 * Source: distribution/reference regexp.go, reference.go:Parse, normalize.go:ParseNormalizedNamed.
 */
const PATH_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const DOMAIN_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DOMAIN = String.raw`${DOMAIN_PART}(?:\.${DOMAIN_PART})*(?::[0-9]+)?`;
const PATH = `${PATH_PART}(?:/${PATH_PART})*`;
const TAG = String.raw`[\w][\w.-]{0,127}`;
const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?${PATH}(?::${TAG})?$`);

const INVALID = "invalid reference format";
const UPPER_CASE = "repository name must be lowercase";

/** Longer names are refused before they are matched; Juju's library accepts 255 characters. */
const MAX_CHARACTERS = 1024;

/** The library's error for the name of an image; undefined for a valid one. */
export function faultOfReference(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return INVALID;
  if (REFERENCE.test(text)) return undefined;
  return REFERENCE.test(text.toLowerCase()) ? UPPER_CASE : INVALID;
}

/** The registry of a repository: the part before its first `/`; undefined if it has none. */
export function registryOf(repository: string): string | undefined {
  return repository.length > MAX_CHARACTERS ? undefined : REFERENCE.exec(repository)?.[1];
}

/**
 * The error for a repository in releases that complete short names first (2.9.13 to 3.2).
 * @param namesPart whether the fault of upper case names the part, as newer versions of the library do
 */
export function faultOfNormalized(repository: string, namesPart: boolean): string | undefined {
  const fault = faultOfReference(repository);
  if (fault !== UPPER_CASE) return fault;
  const registry = /^([^/]*[.:][^/]*|localhost)\//.exec(repository)?.[1];
  const path = registry === undefined ? repository : repository.slice(registry.length + 1);
  return namesPart ? `${INVALID}: repository name (${path}) must be lowercase` : `${INVALID}: ${UPPER_CASE}`;
}
