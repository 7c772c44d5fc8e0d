import { fileURLToPath } from "node:url";

import { openFolderUpstream } from "./folder-upstream.ts";
import { openHttpUpstream, type HttpUpstreamOptions } from "./http-upstream.ts";
import type { Upstream } from "./source.ts";

/** True when reading from `url` needs the network; a folder or file: URL does not. */
export function isRemote(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !/^file:/i.test(url);
}

/**
 * The upstream behind an http(s) URL, a file: URL or a folder. Nothing is opened before the first request.
 * @throws JamError JAM_CONFIG_INVALID
 */
export function openUpstream(options: HttpUpstreamOptions): Upstream {
  if (isRemote(options.url)) return openHttpUpstream(options);
  const folder = /^file:/i.test(options.url) ? fileURLToPath(options.url) : options.url;
  return openFolderUpstream({ ...options, url: folder });
}
