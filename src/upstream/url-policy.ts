import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { pathFault } from "../simplestreams/item-path.ts";
import { BlockList, isIP, isIPv6 } from "node:net";
import { displayUrl } from "./failure.ts";

/**
 * Refuses a path that could leave the base of a source, even if it was checked before.
 * @throws JamError JAM_ITEM_REFUSED
 */
export function requireSafePath(path: string): void {
  const fault = pathFault(path);
  if (fault === undefined) return;
  throw new JamError("JAM_ITEM_REFUSED", `"${printable(path)}": ${fault}`, {
    hint: "The upstream's metadata is damaged or hostile. Tell its publisher, and do not use it until it is fixed.",
    details: { path },
  });
}

/**
 * The URL of `path` under `base`; credentials and query of the base stay.
 * @throws JamError JAM_ITEM_REFUSED
 */
export function resolveUnder(base: URL, path: string): URL {
  requireSafePath(path);
  const url = new URL(base);
  const { pathname } = base;
  let end = pathname.length;
  while (pathname[end - 1] === "/") end -= 1;
  // Set as a path and not resolved as a reference: `com.ubuntu.juju:released:tools.json` would read as a scheme.
  url.pathname = `${pathname.slice(0, end)}/${path}`;
  return url;
}

const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(net, prefix, "ipv4");
}
for (const [net, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
] as const) {
  PRIVATE.addSubnet(net, prefix, "ipv6");
}

/** True for loopback, private, link-local and other addresses that no public name leads to. Source: RFC 6890 */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  return isIP(bare) !== 0 && PRIVATE.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
}

/** True for a host that, by its spelling, is this machine or in a private network. */
export function isPrivateHost(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isPrivateAddress(hostname);
}

/** Where redirects of one upstream may lead. */
export interface RedirectPolicy {
  readonly base: URL;
  /** Further origins that the operator trusts to be part of this upstream, `https://cdn.example.com`. */
  readonly origins: readonly string[];
}

/**
 * The target of a redirect from `from`, when it may be followed: the upstream's own origin, the same host upgraded
 * to https, or an origin that the operator allows; never from https to http, never into a private network unless
 * the upstream is in one itself.
 * @throws JamError JAM_UPSTREAM_REDIRECT
 */
export function checkRedirect(from: URL, location: string | undefined, policy: RedirectPolicy): URL {
  const target = location === undefined ? null : URL.parse(location, from.href);
  const refuse = (reason: string) =>
    redirectRefused(from, target === null ? location : displayUrl(target), reason);
  if (target === null) throw refuse("the address cannot be understood");
  if (target.protocol !== "https:" && target.protocol !== "http:")
    throw refuse("only http and https are followed");
  if (from.protocol === "https:" && target.protocol === "http:")
    throw refuse("it would leave https for plain http");
  const allowed =
    target.origin === policy.base.origin ||
    isUpgrade(policy.base, target) ||
    policy.origins.includes(target.origin);
  if (!allowed) throw refuse("it leads to another server");
  if (isPrivateHost(target.hostname) && !isPrivateHost(policy.base.hostname))
    throw refusePrivate(from, target);
  if (target.origin === policy.base.origin) {
    target.username = policy.base.username;
    target.password = policy.base.password;
  }
  return target;
}

/** The refusal of a redirect that ends, by name or by look-up, in a private network. */
export function refusePrivate(from: URL, target: URL): JamError {
  return redirectRefused(from, displayUrl(target), "it leads into a private network");
}

/** The refusal of one redirect, with the way out. */
export function redirectRefused(from: URL, target: string | undefined, reason: string): JamError {
  return new JamError(
    "JAM_UPSTREAM_REDIRECT",
    `${displayUrl(from)}: the redirect to ${target ?? "nowhere"} is not followed: ${reason}`,
    {
      hint: "If the new place is right, set it as the upstream's url. If not, a proxy or login page is in the way.",
      details: { url: displayUrl(from), target: target ?? null, reason },
    },
  );
}

function isUpgrade(base: URL, target: URL): boolean {
  return base.protocol === "http:" && base.port === "" && target.origin === `https://${base.hostname}`;
}
