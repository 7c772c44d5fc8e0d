import type { Agent } from "../juju/agent.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { UpstreamMetadata } from "../metadata/read-metadata.ts";
import type { VerbatimFace } from "./snapshot.ts";

/**
 * Whether upstream's signed documents may be served as they are: only when every tarball that they list is held
 * (principle P2; a signature over agents that are not here breaks upgrades).
 */
export function judgeVerbatimFace(
  metadata: UpstreamMetadata,
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
