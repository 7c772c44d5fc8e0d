import { readVersionText, versionOfText } from "../../juju/version-text.ts";
import type { CommandContext } from "../command.ts";

/**
 * The version that a flag or argument names: as Juju or a tag writes it, or a snap channel, for which the newest held
 * version of its track is taken and told on standard error. The store is read for a channel only.
 * @throws JamError JAM_VERSION_INVALID, JAM_AGENT_NOT_FOUND for a channel of which no version is known, JAM_STORE_…
 */
export async function readVersionAloud(
  context: CommandContext,
  text: string,
  field: string,
): Promise<string> {
  const read = readVersionText(text);
  const known = read === undefined || "version" in read ? NOTHING_KNOWN : await readKnownVersions(context);
  const { version, note } = versionOfText(text, field, () => known);
  if (note !== undefined) await context.output.note(note);
  return version;
}

const NOTHING_KNOWN = { held: [], upstream: [] };

async function readKnownVersions(context: CommandContext) {
  const { openStore } = await import("../../compose/store.ts");
  const { readKnownAgents } = await import("../../upgrade/known-agents.ts");
  const { held, upstream } = await readKnownAgents(await openStore(await context.config()));
  const versionsOf = (agents: typeof held) => agents.map(({ version }) => version);
  return { held: versionsOf(held), upstream: versionsOf(upstream ?? []) };
}
