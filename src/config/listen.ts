import { JamError } from "../shared/errors.ts";
import type { ServerConfig } from "./config.ts";

/** Where to listen: `127.0.0.1:8080`, `[::]:8080`, `localhost:0`; undefined when it is none of these. */
export function findListen(text: string): ServerConfig | undefined {
  const match = /^(?:\[(?<six>[0-9a-f:.%]+)\]|(?<host>[^\s:[\]/]+)):(?<port>\d{1,5})$/i.exec(text.trim());
  const host = match?.groups?.["six"] ?? match?.groups?.["host"];
  const port = Number(match?.groups?.["port"]);
  return host !== undefined && port <= 65_535 ? { host, port } : undefined;
}

/**
 * As `findListen`, for what somebody typed.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseListen(text: string): ServerConfig {
  const found = findListen(text);
  if (found !== undefined) return found;
  throw new JamError("JAM_USAGE_INVALID", `--listen: "${text}" is not HOST:PORT.`, {
    hint: "Give an address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080; port 0 picks a free one.",
    details: { value: text },
  });
}

/** The text that `findListen` reads. */
export function formatListen({ host, port }: ServerConfig): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The URL of the default face; where the server listens on every address, by the name of its machine. */
export function formatToolsUrl({ host, port }: ServerConfig, hostname: string): string {
  const isEvery = host === "0.0.0.0" || host === "::";
  return `http://${formatListen({ host: isEvery ? hostname : host, port })}/tools`;
}
