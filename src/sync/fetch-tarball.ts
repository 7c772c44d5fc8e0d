import type { StagedBlob } from "../store/store.ts";
import type { FetchOptions, Upstream } from "../upstream/source.ts";
import { isJamError, toJamError, type JamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";

/** A tarball to fetch, and the paths at which upstreams have it. */
export interface WantedTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  readonly paths: readonly string[];
}

/** Where a tarball is fetched from. */
export interface Place {
  readonly source: Upstream;
  /** Below the upstream's address. */
  readonly path: string;
}

export interface FetchTarballOptions extends FetchOptions {
  /** In order of preference; the next one is asked when one cannot deliver. */
  readonly sources: readonly Upstream[];
  readonly stage: () => Promise<StagedBlob>;
  /** Called before each attempt at another place, with what is here already. */
  readonly onPlace?: (staged: StagedBlob, place: Place) => void;
  /** True for a place that is not worth another attempt now; at least one has to remain. Default: none. */
  readonly isSkipped?: (place: Place) => boolean;
  /** Called when one place could not deliver. */
  readonly onPlaceFailed?: (place: Place, error: JamError) => void;
}

/**
 * Fetches one tarball from the first place that delivers it, and commits it; the last failure, or undefined when it is
 * in the store. An upstream that cannot be reached is not asked for further paths.
 */
export async function fetchTarball(
  { sha256, size, paths }: WantedTarball,
  options: FetchTarballOptions,
): Promise<JamError | undefined> {
  const { sources, signal } = options;
  let last: JamError | undefined;
  const gone = new Set<Upstream>();
  const places = paths.flatMap((path) => sources.map((source): Place => ({ path, source })));
  for (const place of places) {
    const { path, source } = place;
    if (gone.has(source) || options.isSkipped?.(place) === true) continue;
    let target: StagedBlob | undefined;
    try {
      target = await options.stage();
      options.onPlace?.(target, place);
      await source.fetchItem({ path, size, sha256 }, target, options);
      return undefined;
    } catch (error) {
      last = toJamError(error);
      if (signal.aborted || isJamError(last, "JAM_STORE_NO_SPACE", "JAM_STORE_PERMISSION")) return last;
      options.onPlaceFailed?.(place, last);
      if (isUnreachable(last)) gone.add(source);
    } finally {
      await target?.close();
    }
  }
  return last;
}

/** True when the upstream as a whole cannot be reached, not only one of its files. */
export function isUnreachable(error: JamError): boolean {
  return isJamError(
    error,
    "JAM_UPSTREAM_UNREACHABLE",
    "JAM_UPSTREAM_TIMEOUT",
    "JAM_UPSTREAM_PROXY",
    "JAM_UPSTREAM_TLS",
  );
}
