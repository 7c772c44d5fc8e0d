import { OfferWatch } from "../cache/offer-watch.ts";
import type { Config } from "../config/config.ts";
import { findHeld } from "../mirror/held-tarballs.ts";
import type { Store } from "../store/store.ts";
import type { OfferTask } from "./offer-worker.ts";
import { RefreshThread } from "./refresh-thread.ts";

export interface ComposeOfferOptions extends Omit<OfferTask, "config"> {
  readonly onNote: (message: string) => void;
}

/** Watches what upstream offers, for a server in cache mode. Nothing is requested before it is started. */
export function composeOfferWatch(config: Config, store: Store, options: ComposeOfferOptions): OfferWatch {
  const { onNote, ...rest } = options;
  const thread = new RefreshThread({ config, ...rest });
  return new OfferWatch({
    documents: store.documents,
    findHeld: (agents) => findHeld(store, agents),
    refresh: (signal, order) => thread.refresh(signal, order),
    close: () => thread.close(),
    now: () => new Date(),
    onNote,
    ...config.cache,
  });
}
