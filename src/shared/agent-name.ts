/** The three parts of an agent's name, as texts. */
export interface AgentNameParts {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
}

/** `3.6.5-ubuntu-arm64`, for an item of a document and for an agent alike. Source: juju/version Binary.String. */
export function joinAgentName({ version, release, arch }: AgentNameParts): string {
  return `${version}-${release}-${arch}`;
}
