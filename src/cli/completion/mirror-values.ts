import { formatAgentName, type Agent } from "../../juju/agent.ts";
import { compareVersionTexts } from "../../juju/version.ts";
import { currentSnapshot, listSnapshotIds } from "../../mirror/read-snapshots.ts";
import { readSites } from "../../bundle/site/sites.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Config } from "../../config/config.ts";
import type { CommandContext } from "../command.ts";
import type { MirrorValue } from "./complete-words.ts";

/**
 * What the mirror has of this kind, as far as it fits to what was typed. Anything that cannot be read offers nothing: a key press
 * must not print an error.
 */
export async function readMirrorValues(
  kind: MirrorValue,
  { context, words }: { readonly context: CommandContext; readonly words: readonly string[] },
): Promise<readonly string[]> {
  try {
    const config = await readConfig(context, words);
    return await READERS[kind](config, words.at(-1) ?? "");
  } catch {
    return [];
  }
}

/** The settings that the line would have: it is not parsed, because it is not complete. */
async function readConfig({ io }: CommandContext, words: readonly string[]): Promise<Config> {
  const { loadConfig } = await import("../../config/load.ts");
  const { readVersion } = await import("../program-info.ts");
  const data = valueOf(words, ["--data"]);
  return loadConfig({
    file: valueOf(words, ["-c", "--config"]),
    flags: data === undefined ? {} : { data },
    env: io.env,
    cwd: io.cwd,
    version: readVersion(),
  });
}

function valueOf(words: readonly string[], flags: readonly string[]): string | undefined {
  const index = words.findIndex((word) => flags.includes(word));
  if (index >= 0) return words[index + 1];
  const assigned = words.find((word) => flags.some((flag) => word.startsWith(`${flag}=`)));
  return assigned?.slice(assigned.indexOf("=") + 1);
}

const READERS: Readonly<Record<MirrorValue, (config: Config, typed: string) => Promise<readonly string[]>>> =
  {
    version: async (config) => versionsOf(await heldAgents(config)),
    agent: async (config, typed) => {
      const agents = await heldAgents(config);
      const names = agents.map(formatAgentName).filter((name) => name.startsWith(typed));
      // A version is a name for all its agents; whoever wants one of these types the dash.
      return /-[a-z]*\d*$/.test(typed) && names.length > 0 ? names : versionsOf(agents);
    },
    release: async (config) => [...new Set((await heldAgents(config)).map(({ release }) => release))].sort(),
    snapshot: async (config) => [
      "current",
      ...(await listSnapshotIds((await openReader(config)).documents)).toReversed(),
    ],
    channel: async (config) => {
      const { readChannels } = await import("../../channel/channels.ts");
      const { documents, refs } = await openReader(config);
      const names = [...(await readChannels(documents, config.channels)).keys()];
      return [...new Set([...names, ...(await refs.list()).map(({ name }) => name), MIRROR_REF])].sort();
    },
    site: async (config) => (await readSites((await openReader(config)).documents)).map(({ name }) => name),
    key: async (config) => {
      const { openKeys } = await import("../../compose/store.ts");
      const keys = await (await openKeys(config)).list();
      return keys.filter(({ isOwn }) => !isOwn).map(({ fingerprint }) => fingerprint);
    },
  };

async function openReader(config: Config) {
  const { openReader: open } = await import("../../compose/store.ts");
  return open(config);
}

/** What is held, and what a cache offers in addition. */
async function heldAgents(config: Config): Promise<readonly Agent[]> {
  if (config.mode === "cache") {
    const { openStore } = await import("../../compose/store.ts");
    const { readShown } = await import("../../mirror/read-shown.ts");
    const { held, missing } = await readShown(await openStore(config), config.cache, new Date());
    return [...held, ...missing];
  }
  return (await currentSnapshot(await openReader(config), MIRROR_REF))?.agents ?? [];
}

/** Newest first: it is what one looks for. */
function versionsOf(agents: readonly Agent[]): string[] {
  return [...new Set(agents.map(({ version }) => version))].sort((a, b) => compareVersionTexts(b, a));
}
