import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { ContentId } from "../simplestreams/item.ts";
import type { ProductFile } from "../simplestreams/product-file.ts";
import type { VerbatimFace } from "./snapshot.ts";

/** What upstream's documents list, and which of them were not or could not be read. */
export interface ListedUpstream {
  readonly products: ReadonlyMap<ContentId, ProductFile>;
  readonly unreadable: readonly { readonly contentId: ContentId; readonly error: Error }[];
  /** Agent content ids that the index lists and no rule selects. */
  readonly unread: readonly ContentId[];
}

/**
 * Whether upstream's signed documents may be served as they are: only when every tarball that they list is held
 * (principle P2; a signature over agents that are not here breaks upgrades).
 */
export function judgeVerbatimFace(
  metadata: ListedUpstream,
  verified: boolean,
  published: readonly Agent[],
): VerbatimFace {
  if (!verified) return incomplete("upstream's documents were not verified");
  const [unread] = metadata.unread;
  if (unread !== undefined) return incomplete(`upstream's index lists ${unread}, which is not mirrored`);
  const [unreadable] = metadata.unreadable;
  if (unreadable !== undefined)
    return incomplete(`${unreadable.contentId} cannot be read: ${unreadable.error.message}`);
  const held = new Map<string, Sha256>(published.map((agent) => [agent.path, agent.sha256]));
  for (const [contentId, file] of metadata.products) {
    if (file.refused.length > 0)
      return incomplete(`${contentId} holds ${file.refused[0]?.where}, which was refused`);
    const missing = file.items.filter((item) => held.get(item.path) !== item.sha256);
    if (missing.length > 0) {
      return incomplete(
        `${missing.length} of ${file.items.length} items of ${contentId} are not held, ${missing[0]?.path} among them`,
      );
    }
  }
  return { complete: true };
}

function incomplete(reason: string): VerbatimFace {
  return { complete: false, reason };
}
