import { hostname } from "node:os";
import type { ListenAddress } from "../../config/values.ts";
import { formatToolsUrl } from "../../config/values.ts";
import { parseMirrorUrl, type MirrorUrl } from "../../juju/mirror-url.ts";

/**
 * The address that was given, else the server's own; where it listens on every address, by the name of this machine.
 * @throws JamError JAM_USAGE_INVALID
 */
export function mirrorUrl(
  given: string | undefined,
  server: ListenAddress & { readonly face?: string },
): MirrorUrl {
  return parseMirrorUrl(given ?? formatToolsUrl(server, hostname()));
}
