import type { ContentId } from "../simplestreams/item.ts";
import type { JujuVersion } from "./version.ts";

/** The streams that every Juju knows, the most stable first; 4.x refuses others. Source: juju environs/tools PreferredStreams. */
export const STREAMS = ["released", "proposed", "testing", "devel"] as const;

/** `agents`: by OS type, read by 2.9 and later. `tools`: by series, read up to 2.8. */
export type AgentFamily = "agents" | "tools";

export interface StreamContentId {
  /** Juju's `agent-stream`; a name of the operator's own is possible up to 3.x. */
  readonly stream: string;
  readonly family: AgentFamily;
}

/** A stream's name becomes part of file names. */
const STREAM_CONTENT_ID = /^com\.ubuntu\.juju:([A-Za-z0-9][A-Za-z0-9._-]{0,63}):(agents|tools)$/;

/**
 * Stream and family of an agent content id, or undefined for another kind of content.
 * Source: juju environs/tools/marshal.go ToolsContentId.
 */
export function parseStreamContentId(contentId: ContentId): StreamContentId | undefined {
  const match = STREAM_CONTENT_ID.exec(contentId);
  return match === null ? undefined : { stream: match[1] as string, family: match[2] as AgentFamily };
}

/** `com.ubuntu.juju:released:agents`. */
export function formatStreamContentId({ stream, family }: StreamContentId): ContentId {
  return `com.ubuntu.juju:${stream}:${family}`;
}

/** `com.ubuntu.juju-released-agents.json`. Source: juju environs/tools/marshal.go ProductMetadataPath. */
export function productFileName({ stream, family }: StreamContentId): string {
  return `com.ubuntu.juju-${stream}-${family}.json`;
}

/** 0 for the most stable stream; streams of the operator's own come last. */
export function streamRank(stream: string): number {
  const rank = (STREAMS as readonly string[]).indexOf(stream);
  return rank < 0 ? STREAMS.length : rank;
}

/**
 * Which lists a Juju of this version reads.
 * Source: juju environs/tools/marshal.go ToolsContentId; the change came with 2.9-rc8.
 */
export function readsOf({ major, minor, tag, patch }: JujuVersion): AgentFamily {
  if (major !== 2) return major < 2 ? "tools" : "agents";
  if (minor !== 9) return minor < 9 ? "tools" : "agents";
  return tag !== "" && (tag !== "rc" || patch < 8) ? "tools" : "agents";
}
