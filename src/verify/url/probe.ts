import type { Hashed } from "../../shared/sha256.ts";

/** One request as it goes out; nothing is added to it but what HTTP needs. */
export interface ProbeRequest {
  readonly method: "GET" | "HEAD";
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * `keep`: the body as it came, up to a limit. `hash`: its hash and size, however long it is. `drop`: the connection is
   * closed after the headers.
   */
  readonly body: "keep" | "hash" | "drop";
}

/** What came back, as it came: no redirect was followed, no coding undone. */
export type ProbeAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | undefined>>;
      /** Empty unless it was to be kept. */
      readonly bytes: Uint8Array;
      readonly hashed: Hashed | undefined;
    }
  | { readonly kind: "unreachable"; readonly reason: string };

/** Sends one request. */
export type Probe = (url: string, request: ProbeRequest) => Promise<ProbeAnswer>;

/** Ends the user agent of what is sent to look at an address, so that `jam doctor` can leave it out. */
const IN_JAMS_NAME = "(jam verify)";

/** The user agent of jam where it only looks at an address. */
export function probeAgent(userAgent: string): string {
  return `${userAgent} ${IN_JAMS_NAME}`;
}

/** Whether a request with this user agent only looked at the address, with jam's own name or as a client of Juju. */
export function isProbe(userAgent: string): boolean {
  return userAgent.endsWith(` ${IN_JAMS_NAME}`);
}

/** What Juju's clients send for a document. Source: Go net/http, juju/http client.go. */
export const GO_HEADERS = {
  "user-agent": `Go-http-client/1.1 ${IN_JAMS_NAME}`,
  "accept-encoding": "gzip",
} as const;

/** What the script of a new controller machine sends. Source: juju cloudconfig/userdatacfg_unix.go curlCommand. */
export const CURL_HEADERS = { "user-agent": ["curl/8.5.0", IN_JAMS_NAME].join(" "), accept: "*/*" } as const;
