import { compareTexts } from "../shared/collections.ts";
import { formatAgentName, listStreams, type Agent } from "../juju/agent.ts";
import { readAgentText, readVersionText } from "../juju/version-text.ts";
import { compareVersions, parseVersion } from "../juju/version.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { AgentsDocument } from "./agents-document.ts";
import { minorOf } from "./catalogue-page.ts";
import type { HeldAs } from "./held-as.ts";
import type { Snapshot } from "./snapshot.ts";

/** Which agents are asked for; what is left out matches every agent. */
export interface ListWanted {
  /** A version, the start of one, a snap channel, or a part of an agent's name. */
  readonly version?: string | undefined;
  readonly stream?: string | undefined;
  readonly arch?: string | undefined;
  readonly release?: string | undefined;
}

/** What is held. In cache mode also what is only offered. */
export interface ListedMirror extends Pick<Snapshot, "id" | "agents"> {
  /** In cache mode: why an agent is held. */
  readonly heldAs?: (agent: Agent) => HeldAs;
  /** In cache mode: agents that are offered and not held. */
  readonly offered?: readonly Agent[];
  /** Those of them that are not listed now, because their upstream cannot be reached. Default: none. */
  readonly hidden?: readonly Agent[];
}

/**
 * The agents of a snapshot that match: what `jam list -o json` prints. Those with a damaged tarball are not listed, as the
 * served index does not list them; the note names them.
 * @throws JamError JAM_AGENT_NOT_FOUND for a channel of which no version is held
 */
export function listAgents(
  { offered, hidden = [], ...snapshot }: ListedMirror,
  { version, stream, arch, release }: ListWanted,
  damaged: ReadonlySet<Sha256>,
): AgentsDocument {
  const all = [...snapshot.agents, ...(offered ?? [])];
  const named = version === undefined ? undefined : readAgentText(version, all);
  const isMatching = (agent: Agent) =>
    (named === undefined || named.isMeant(agent)) &&
    (arch === undefined || agent.arch === arch) &&
    (release === undefined || agent.release === release) &&
    (stream === undefined || listStreams(agent).includes(stream));
  const matching = snapshot.agents.filter(isMatching);
  const isWithdrawn = ({ sha256 }: Agent) => damaged.has(sha256);
  const notes = [named?.note, noteWithdrawn(matching.filter(isWithdrawn))].filter(
    (note) => note !== undefined,
  );
  return {
    snapshot: snapshot.id,
    agents: sortAgents(matching.filter((agent) => !isWithdrawn(agent))).map((agent) =>
      rowOf(agent, snapshot.heldAs),
    ),
    ...(offered && { offered: offered.filter(isMatching).length }),
    ...(hidden.some(isMatching) && { hidden: hidden.filter(isMatching).length }),
    ...(notes.length === 0 ? {} : { note: notes.join(" ") }),
  };
}

/** The minor that a word names, so that no agent of another minor can match it; undefined where it names none. */
export function minorOfText(word: string): string | undefined {
  const read = readVersionText(word);
  if (read === undefined) return undefined;
  if ("version" in read) return minorOf(read.version);
  const { major, minor } = read.track;
  return minor === undefined ? undefined : `${major}.${minor}`;
}

function noteWithdrawn(agents: readonly Agent[]): string | undefined {
  if (agents.length === 0) return undefined;
  const names = agents.map(formatAgentName).sort().join(", ");
  return `Not listed and not served, because the tarball is damaged: ${names}. \`jam sync\` or \`jam bundle import\` fetches it again.`;
}

function rowOf(agent: Agent, heldAs: ListedMirror["heldAs"]): AgentsDocument["agents"][number] {
  const { version, release, arch, path, size, sha256 } = agent;
  const row = { version, release, arch, streams: listStreams(agent), path, size, sha256 };
  return heldAs === undefined ? row : { ...row, held: heldAs(agent) };
}

/** Oldest version first, then by release and arch; each version is parsed and compared once, however many agents it has. */
export function sortAgents(agents: readonly Agent[]): Agent[] {
  const groups = [...Map.groupBy(agents, ({ version }) => version)].map(([version, own]) => ({
    number: parseVersion(version),
    own,
  }));
  groups.sort((a, b) => compareVersions(a.number, b.number));
  return groups.flatMap(({ own }) =>
    own.sort((a, b) => compareTexts(a.release, b.release) || compareTexts(a.arch, b.arch)),
  );
}
