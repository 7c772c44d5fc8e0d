import { hostname } from "node:os";
import type { ServerConfig } from "../config/config.ts";
import { formatListen } from "../config/listen.ts";
import { parseMirrorUrl } from "./connect/target.ts";

/** The mirror's address for Juju. */
export type MirrorUrl = ReturnType<typeof parseMirrorUrl>;

/**
 * The address that was given, else the server's own; where it listens on every address, by the name of this machine.
 * @throws JamError JAM_USAGE_INVALID
 */
export function mirrorUrl(given: string | undefined, server: ServerConfig): MirrorUrl {
  return parseMirrorUrl(given ?? serverUrl(server));
}

function serverUrl({ host, port }: ServerConfig): string {
  const isEvery = host === "0.0.0.0" || host === "::";
  return `http://${formatListen({ host: isEvery ? hostname() : host, port })}/tools`;
}
