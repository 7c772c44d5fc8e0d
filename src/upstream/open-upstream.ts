import { fileURLToPath } from "node:url";

import { JamError } from "../shared/errors.ts";
import { openFolderUpstream } from "./folder-upstream.ts";
import { openHttpUpstream, type HttpUpstreamOptions } from "./http-upstream.ts";
import { createRateLimiter, SYSTEM_TIMING, type WaitObserver } from "./waiting.ts";
import type { Upstream } from "./source.ts";
import { isRemote } from "../shared/url-text.ts";

/**
 * The upstream at an http(s) URL, a file: URL or a folder. Nothing is opened before the first request.
 * @throws JamError JAM_CONFIG_INVALID
 */
export function openUpstream(options: HttpUpstreamOptions): Upstream {
  if (isRemote(options.url)) return openHttpUpstream(options);
  const folder = /^file:/i.test(options.url) ? fileURLToPath(options.url) : options.url;
  return openFolderUpstream({ ...options, url: folder });
}

/** What identifies an upstream. */
export type UpstreamAddress = Pick<HttpUpstreamOptions, "name" | "url" | "keyring">;

/** What several upstreams share. */
export interface SharedOptions extends Omit<
  HttpUpstreamOptions,
  keyof UpstreamAddress | "rateLimiter" | "timing"
> {
  /** Only folders may be read. */
  readonly isOffline: boolean;
  /** Bytes per second over all connections; undefined is unlimited. */
  readonly limitRate: number | undefined;
}

/**
 * The upstreams at these addresses, in the same order, sharing one rate limit. Offline, remote ones are left out.
 * @throws JamError JAM_OFFLINE when none remains, JAM_KEYRING_INVALID, JAM_CONFIG_INVALID
 */
export function openUpstreams(
  addresses: readonly UpstreamAddress[],
  { isOffline, limitRate, ...options }: SharedOptions,
): Upstream[] {
  const usable = addresses.filter(({ url }) => !isOffline || !isRemote(url));
  if (usable.length === 0) throw offlineError(addresses);
  const rateLimiter =
    limitRate === undefined
      ? undefined
      : createRateLimiter(limitRate, SYSTEM_TIMING, (waitMs) => reportLimit(waitMs, options.onWait));
  return usable.map(({ name, url, keyring }) =>
    openUpstream({ ...options, name, url, keyring, rateLimiter }),
  );
}

function reportLimit(waitMs: number, onWait: WaitObserver | undefined): void {
  onWait?.({
    source: "fetch.limitRate",
    path: "",
    message: "downloads are slowed down by fetch.limitRate; further waits are not reported",
    waitMs,
    askedBy: "jam",
  });
}

function offlineError(addresses: readonly UpstreamAddress[]): JamError {
  const names = addresses.map(({ name, url }) => `${name} (${url})`).join(", ");
  return new JamError("JAM_OFFLINE", `This mirror is in offline mode: no request was made to ${names}.`, {
    hint: "Import agents with `jam bundle import`, use a folder as upstream, or set `mode: online` in jam.yaml.",
    details: { refused: addresses.map(({ url }) => url) },
  });
}
