import type { StatusDocument } from "./status-document.ts";

/** One quota of a cache, and what counts for it. */
export interface QuotaUse {
  /** The upstream whose own quota it is; undefined for `cache.quota`. */
  readonly upstream: string | undefined;
  /** Bytes; null without a limit. */
  readonly quota: number | null;
  /** Bytes. */
  readonly used: number;
}

/** The quotas that apply: of each upstream that has its own, and `cache.quota`, unless all of them have their own. */
export function quotaUses({
  quota,
  cached,
  upstreams,
}: NonNullable<StatusDocument["cache"]>): readonly QuotaUse[] {
  const own = upstreams.flatMap((one) =>
    one.quota === null ? [] : [{ upstream: one.name, quota: one.quota, used: one.cached.bytes }],
  );
  if (own.length > 0 && own.length === upstreams.length) return own;
  const used = cached.bytes - own.reduce((sum, one) => sum + one.used, 0);
  return [...own, { upstream: undefined, quota, used: Math.max(0, used) }];
}
