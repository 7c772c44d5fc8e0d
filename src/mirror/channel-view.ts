import type { Agent } from "../juju/agent.ts";

/** What could come to a channel, for advice on what it does not list. */
export interface ChannelView {
  readonly name: string;
  /** Whether only bundles bring agents to it, or to the channels that feed it. */
  readonly isCarried: boolean;
  /** What the mirror lists. */
  readonly mirror: readonly Agent[];
  /** What the mirror or a feeder of the channel lists. */
  readonly available: readonly Agent[];
  /** What brings available agents of one version to the channel, or what keeps them from it: in sentences. */
  readonly howToPromote: (agents: readonly Agent[]) => string;
  /** What remains to be done when the mirror has agents that it does not list now: in sentences. */
  readonly afterSync: (version: string) => string;
}

/** What could come to a channel, and a text that changes whenever that may be something else. */
export interface ChannelViewReader {
  readonly read: () => Promise<ChannelView>;
  readonly mark: () => Promise<string>;
}
