import { isVersion } from "../../juju/version.ts";

/** What a request is about, by its path. */
export interface RequestTarget {
  /** `/tools`, `/channel/prod/tools`, `/tools/tools`: everything before `streams/` or the tarball; no slash at its end. */
  readonly base: string;
  readonly what: "index" | "legacy-index" | "mirrors" | "products" | "tarball";
  readonly isSigned: boolean;
  /** Of products: which of Juju's families reads them. `tools` is read by clients before 2.9. */
  readonly family?: "agents" | "tools" | undefined;
  readonly stream?: string | undefined;
  /** Of products: the name with colons, which only clients up to 1.20 know. */
  readonly hasColons?: boolean;
  /** Of products and tarballs: the path below the base. */
  readonly path: string;
  /** The snapshot whose folder the products are in. */
  readonly snapshot?: string | undefined;
  /** Of a tarball, as far as its name says it. */
  readonly version?: string | undefined;
  readonly arch?: string | undefined;
}

const STREAMS = "/streams/v1/";
const DOCUMENT = /^(?:([^/]{1,200})\/)?([^/]{1,200})\.(s?json)$/;
const PRODUCTS = /^com\.ubuntu\.juju([:-])([a-z]+)[:-](agents|tools)$/;
const TARBALL =
  /\/((?:agent\/[^/]{1,100}|releases|released|devel|proposed|testing)\/juju-([^/]{1,100})\.tgz)$/;

/**
 * What Juju would want with this target; undefined for what is not about agents. The scheme and host of an absolute
 * target are left out.
 */
export function readTarget(target: string): RequestTarget | undefined {
  const [path = ""] = target.replace(/^https?:\/\/[^/]*/i, "").split(/[?#]/, 1);
  const decoded = decode(path);
  return readMetadata(decoded) ?? readTarball(decoded);
}

/** A target with scheme and host, as clients send it to a proxy. */
export function isAbsoluteTarget(target: string): boolean {
  return /^https?:\/\//i.test(target);
}

function readMetadata(path: string): RequestTarget | undefined {
  const at = path.indexOf(STREAMS);
  const [, folder, name, ending] = at < 0 ? [] : (DOCUMENT.exec(path.slice(at + STREAMS.length)) ?? []);
  if (name === undefined) return undefined;
  const common = {
    base: withoutSlashes(path.slice(0, at)),
    isSigned: ending === "sjson",
    path: path.slice(at + 1),
  };
  if (folder === undefined) {
    if (name === "index2") return { ...common, what: "index" };
    if (name === "index") return { ...common, what: "legacy-index" };
    if (name === "mirrors" || name === "cpc-mirrors") return { ...common, what: "mirrors" };
  }
  const [, separator, stream, family] = PRODUCTS.exec(name) ?? [];
  if (stream === undefined) return undefined;
  return {
    ...common,
    what: "products",
    stream,
    family: family as "agents" | "tools",
    hasColons: separator === ":",
    snapshot: folder,
  };
}

function readTarball(path: string): RequestTarget | undefined {
  const found = TARBALL.exec(path);
  const [, below, name] = found ?? [];
  if (found === null || below === undefined || name === undefined) return undefined;
  const base = withoutSlashes(path.slice(0, found.index));
  // 3.6.5-linux-amd64, 3.6-beta2-ubuntu-arm64, 1.25.6-trusty-amd64
  const words = name.split("-");
  const version = words.slice(0, -2).join("-");
  return {
    base,
    what: "tarball",
    isSigned: false,
    path: below,
    ...(isVersion(version) ? { version, arch: words.at(-1) } : {}),
  };
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function decode(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
