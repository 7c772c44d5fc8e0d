import type { Config } from "../config/config.ts";
import type { Store } from "../store/store.ts";
import type { KnownCache, KnownReader } from "../upgrade/known-agents.ts";
import { openStore } from "./store.ts";

/** What decides about what is known of agents here. */
export type KnownSettings = Pick<Config, "store" | "mode" | "cache">;

/** Present in cache mode: how the mirror lists what it does not hold. */
export function cacheOf(
  { mode, cache }: Pick<Config, "mode" | "cache">,
  blobs: Store["blobs"],
): KnownCache | undefined {
  return mode === "cache" ? { ...cache, blobs, now: () => new Date() } : undefined;
}

/**
 * The store, for reading which agents are held, listed and known.
 * @throws JamError JAM_STORE_…
 */
export async function openKnown(settings: KnownSettings): Promise<KnownReader> {
  const { refs, documents, blobs } = await openStore(settings);
  return { refs, documents, cache: cacheOf(settings, blobs) };
}
