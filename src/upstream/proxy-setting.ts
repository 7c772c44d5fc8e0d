import { defined } from "../shared/collections.ts";
import { isIPv4 } from "node:net";

import { JamError } from "../shared/errors.ts";

/** The variables that name proxies, as in a process environment. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The value of `proxyEnv` for `http.Agent`. */
export interface ProxySettings extends Record<string, string | undefined> {
  readonly HTTP_PROXY?: string;
  readonly HTTPS_PROXY?: string;
  readonly NO_PROXY?: string;
}

/**
 * The proxy variables in the form that Node's agent understands. It skips a proxy without scheme, a SOCKS proxy, a
 * CIDR block and the subdomains of a bare domain without a word; curl and Go do not, and operators write for those.
 * @throws JamError JAM_UPSTREAM_PROXY for a proxy that cannot be used, since going around it is not ours to decide
 */
export function readProxySettings(environment: ProxyEnvironment): ProxySettings {
  // Lower case has precedence, as in curl; an empty value counts as none.
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || undefined;
  const http = normaliseProxy("HTTP_PROXY", read("HTTP_PROXY"));
  const https = normaliseProxy("HTTPS_PROXY", read("HTTPS_PROXY"));
  const exempt = (read("NO_PROXY") ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return {
    ...defined({ HTTP_PROXY: http, HTTPS_PROXY: https }),
    ...(exempt.length === 0 ? {} : { NO_PROXY: exempt.flatMap(expandExemption).join(",") }),
  };
}

/**
 * The proxy that Node's agent uses for `url`, without credentials, or undefined for a direct connection. The agent
 * decides by itself; this mirrors its rule so that an error can name the proxy.
 * Source: Node.js lib/internal/http.js ProxyConfig.shouldUseProxy
 */
export function proxyFor(url: URL, settings: ProxySettings): string | undefined {
  const proxy = url.protocol === "https:" ? settings.HTTPS_PROXY : settings.HTTP_PROXY;
  if (proxy === undefined) return undefined;
  const host = url.hostname.toLowerCase();
  const exempt = (settings.NO_PROXY ?? "").toLowerCase().split(",");
  if (exempt.some((entry) => matches(entry, host, url.port))) return undefined;
  const { protocol, host: proxyHost } = new URL(proxy);
  return `${protocol}//${proxyHost}`;
}

function normaliseProxy(variable: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw new JamError("JAM_UPSTREAM_PROXY", `${variable}: this is not a proxy that jam can use`, {
    hint: `Set ${variable} to an http:// or https:// address, or unset it to connect directly.`,
    details: { variable },
  });
}

function expandExemption(entry: string): string[] {
  const cidr = /^([\d.]+)\/(\d{1,2})$/.exec(entry);
  if (cidr?.[1] !== undefined && isIPv4(cidr[1]) && Number(cidr[2]) <= 32) {
    const size = 2 ** (32 - Number(cidr[2]));
    const first = Math.floor(ipv4Number(cidr[1]) / size) * size;
    return [`${ipv4Text(first)}-${ipv4Text(first + size - 1)}`];
  }
  // A name ends in a letter; an address or a range of addresses does not.
  return /^[a-z0-9](?:[a-z0-9.-]*[a-z])?$/i.test(entry) && !isIPv4(entry) ? [entry, `.${entry}`] : [entry];
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*" || entry === host || (port !== "" && entry === `${host}:${port}`)) return true;
  if (entry.startsWith(".")) return host === entry.slice(1) || host.endsWith(entry);
  if (entry.startsWith("*.")) return host.endsWith(entry.slice(1));
  const [first, last] = entry.split("-");
  if (first === undefined || last === undefined || ![first, last, host].every(isIPv4)) return false;
  return ipv4Number(first) <= ipv4Number(host) && ipv4Number(host) <= ipv4Number(last);
}

function ipv4Number(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
