import { formatAgentName, type Agent } from "./agent.ts";
import { readVersionText, versionOfText } from "./version-text.ts";

/** The agents that a word on the command line means. */
export interface AgentText {
  readonly isMeant: (agent: Pick<Agent, "version" | "release" | "arch">) => boolean;
  /** What the word was taken for, where it does not say so itself. */
  readonly note?: string;
}

/**
 * Reads an agent's name or a part of it: `3.6.5-ubuntu-arm64`, `3.6.5`, `ubuntu-arm64`, `3.6` for the whole minor; also
 * what `juju --version` prints (`3.6.5-genericlinux-amd64` means 3.6.5) and a snap channel, which means the newest held
 * version of its track. `agents` are all that can be meant, `held` those of the mirror.
 * @throws JamError JAM_AGENT_NOT_FOUND for a channel of which no version is known
 */
export function readAgentText(
  text: string,
  agents: readonly Agent[],
  held: readonly Agent[] = agents,
): AgentText {
  const read = readVersionText(text);
  if (read?.kind === "channel") {
    const { version, note } = versionOfText(text, "agent", () => ({
      held: held.map((agent) => agent.version),
      upstream: agents.map((agent) => agent.version),
    }));
    return { isMeant: partOf(version), ...(note === undefined ? {} : { note }) };
  }
  if (read?.kind === "version") return { isMeant: partOf(read.version) };
  if (read?.kind !== "binary") return { isMeant: partOf(text) };
  const { version, release } = read;
  const isAgent = agents.some((agent) => agent.version === version && agent.release === release);
  // No agent is built for what a client runs on: the version is what counts.
  return isAgent || agents.every((agent) => agent.version !== version)
    ? { isMeant: partOf(`${version}-${release}-${read.arch}`) }
    : { isMeant: partOf(version), note: `${text} is what a juju client calls itself; ${version} is meant.` };
}

function partOf(text: string): AgentText["isMeant"] {
  return (agent) => {
    const name = formatAgentName(agent);
    return text !== "" && (`-${name}-`.includes(`-${text}-`) || name.startsWith(`${text}.`));
  };
}
