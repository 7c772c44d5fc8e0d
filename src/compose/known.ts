import type { Config } from "../config/config.ts";
import type { Store } from "../store/store.ts";
import type { KnownCache, KnownReader } from "../upgrade/known-agents.ts";
import { openReader, openStore } from "./store.ts";

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
  // Only a cache lists what it holds: everybody else reads catalogues, for which less code is loaded.
  if (settings.mode !== "cache") return openReader(settings);
  const { refs, documents, blobs } = await openStore(settings);
  return { refs, documents, cache: cacheOf(settings, blobs) };
}
