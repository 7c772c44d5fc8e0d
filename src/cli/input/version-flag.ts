import { readVersionText, versionOfText, type KnownVersions } from "../../juju/version-text.ts";
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
  const known = await readKnownVersions(context, [text]);
  const { version, note } = versionOfText(text, field, () => known);
  if (note !== undefined) await context.output.note(note);
  return version;
}

const NOTHING_KNOWN: KnownVersions = { held: [], upstream: [] };

/**
 * The versions that are known, where one of the texts needs them: a channel, or a minor in a message. Else the store is
 * not read.
 * @throws JamError JAM_STORE_…
 */
export async function readKnownVersions(
  context: CommandContext,
  texts: readonly string[],
): Promise<KnownVersions> {
  const needs = texts.some((text) => {
    const kind = readVersionText(text)?.kind;
    return kind === "channel" || kind === "minor";
  });
  if (!needs) return NOTHING_KNOWN;
  const { openKnown } = await import("../../compose/known.ts");
  const { readKnownAgents } = await import("../../upgrade/known-agents.ts");
  const { held, upstream } = await readKnownAgents(await openKnown(await context.config()));
  const versionsOf = (agents: typeof held) => agents.map(({ version }) => version);
  return { held: versionsOf(held), upstream: versionsOf(upstream ?? []) };
}
