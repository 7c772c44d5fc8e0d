import type { LogRecord } from "../log/log-record.ts";
import type { RequestTarget } from "../log/request-target.ts";

/** Who sent a request, as far as it shows. `machine`: the curl of a new controller machine; `mirror`: another jam. */
export type Sender = "juju" | "machine" | "mirror" | "other";

/**
 * Juju's clients and controllers name the HTTP client of Go, those of 4.0 Juju itself. A log without user agents leaves
 * only what is asked for.
 * Source: juju/http client.go; cloudconfig/userdatacfg_unix.go curlCommand
 */
export function senderOf({ userAgent, method }: LogRecord, target: RequestTarget | undefined): Sender {
  if (target === undefined) return "other";
  if (userAgent === undefined) return method === "GET" ? "juju" : "other";
  if (/^jam(?:\/|$)/.test(userAgent)) return "mirror";
  if (/^(?:Go-http-client|Go \d|Juju|juju)\b/.test(userAgent)) return "juju";
  return userAgent.startsWith("curl/") && target.what === "tarball" && method === "GET" ? "machine" : "other";
}

/** The client behind what passed the request on; else whoever connected. */
export function clientOf({ remote, forwardedFor }: LogRecord): string {
  const [first = ""] = (forwardedFor ?? "").split(",", 1);
  return (first.trim() === "" ? remote : first.trim()).slice(0, 60);
}
