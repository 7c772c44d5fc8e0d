import { pageReader, readAgents } from "../../mirror/catalogue.ts";
import { requireCurrentHeader } from "../../mirror/read-snapshots.ts";
import { listDamaged } from "../../mirror/damaged-list.ts";
import { listAgents, type ListedMirror, type ListWanted, minorOfText } from "../../mirror/list-agents.ts";
import type { Config } from "../../config/config.ts";
import type { Agent } from "../../juju/agent.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";

interface ListOptions {
  readonly stream?: string;
  readonly arch?: string;
  readonly release?: string;
  readonly wide?: true;
}

const HELP = `
One line stands for agents of one version in the same streams: RELEASE and ARCH list what they were built for. Series share a
line only where they share the tarball, so "ubuntu (+4 series)" is one tarball per architecture. SIZE counts each tarball of
the line once, and so do the totals in the last line. In cache mode HELD says why it is here: synced, planned (jam warm),
pinned, or cached because a client requested it. In a list that would be wider than 80 columns "ubuntu (+4)" means the same.

Examples:
  jam list 3.6
  jam list --wide 2.9.60                     every agent, with its series and path
  jam list --stream proposed --arch arm64 -o json`;

export const define: DefineCommand = (command, run) => {
  command
    .argument("[version]", "a version or the start of one (3.6.5, 3.6); 3.6/stable means the newest 3.6")
    .option("--stream <stream>", "only agents of this stream")
    .option("--arch <arch>", "only agents for this architecture")
    .option("--release <release>", "only agents for this OS type or series")
    .option("--wide", "one line per agent, with its path")
    .addOption(channelOption(command))
    .addHelpText("after", HELP)
    .action(run(inChannel(list)));
};

async function list(context: CommandContext, call: CommandCall<ListOptions>): Promise<number> {
  const config = await context.config();
  const version = call.args[0] as string | undefined;
  const { arch, release, stream, wide } = call.options;
  const { listed, damaged } =
    config.mode === "cache" ? await readCache(config, context.now()) : await readMirror(config, version);
  const document = listAgents(listed, { version, stream, arch, release }, damaged);
  if (document.note !== undefined) await context.output.note(document.note);
  await context.output.print(document, async () => {
    const { renderAgents, renderEveryAgent } = await import("../render/agent-table.ts");
    return wide === true
      ? renderEveryAgent(document.agents, context.width)
      : renderAgents(document.agents, context.width);
  });
  const { offered = 0, hidden = 0 } = document;
  if (offered > hidden) {
    const count = offered - hidden;
    const what = document.agents.length === 0 ? `${count}` : `${count} more`;
    await context.output.note(`Offered, and fetched when requested: ${what} (jam warm fetches them now).`);
  }
  if (hidden > 0)
    await context.output.note(
      `Offered, and not listed while their upstream cannot be reached: ${hidden} (jam status names it).`,
    );
  if (document.agents.length + offered > 0) return 0;
  return noneMatches(context, config, { version, arch, release, stream }, listed);
}

/** @returns the exit status */
async function noneMatches(
  context: CommandContext,
  config: Config,
  wanted: ListWanted,
  { agents, offered = [] }: ListedMirror,
): Promise<number> {
  const { version, arch, stream } = wanted;
  const { EXIT } = await import("../exit-status.ts");
  const { adviseOnMissing } = await import("../upstream-agents.ts");
  const advice =
    version === undefined ? undefined : await adviseOnMissing(context, { word: version, arch, stream });
  const near = await nearWord(wanted, [...agents, ...offered]);
  const { ref } = config.store;
  const where = ref === undefined ? "the mirror" : `the channel ${ref}`;
  await context.output.note(
    `No agent in ${where} matches. ${near ?? advice ?? (await nextOf(version, ref))}`,
  );
  return EXIT.notHeld;
}

function ask(flag: string, near: string | undefined): string[] {
  return near === undefined ? [] : [`${flag}: did you mean ${near}?`];
}

/** The slip of the pen for which nothing matches, and what was meant; undefined where there is none. */
async function nearWord(
  { version, arch, release, stream }: ListWanted,
  agents: readonly Agent[],
): Promise<string | undefined> {
  const { describeNearAgent, nearArch, nearRelease, nearestOther } = await import("../../juju/near-agent.ts");
  const { STREAMS } = await import("../../juju/stream.ts");
  const { listStreams } = await import("../../juju/agent.ts");
  const found = [
    ...ask(
      `--stream ${stream}`,
      stream && nearestOther(stream, [...agents.flatMap(listStreams), ...STREAMS]),
    ),
    ...ask(`--arch ${arch}`, arch && nearArch(arch, agents)),
    ...ask(`--release ${release}`, release && nearRelease(release, agents)),
    ...[version === undefined ? undefined : describeNearAgent(version, agents)].filter(
      (one) => one !== undefined,
    ),
  ];
  return found.length === 0 ? undefined : found.join(" ");
}

interface Listed {
  readonly listed: ListedMirror;
  readonly damaged: ReadonlySet<Sha256>;
}

async function readMirror(config: Config, version: string | undefined): Promise<Listed> {
  const { openReader } = await import("../../compose/store.ts");
  const { documents, refs } = await openReader(config);
  const header = await requireCurrentHeader({ documents, refs }, config.data);
  const read = pageReader(documents, { hashes: false });
  const agents = await readAgents(header, read, version === undefined ? undefined : minorOfText(version));
  return { listed: { id: header.id, agents }, damaged: await listDamaged(documents) };
}

/** A cache has what clients requested, too, which no snapshot lists. */
async function readCache(config: Config, now: Date): Promise<Listed> {
  const { openStore } = await import("../../compose/store.ts");
  const { readShown } = await import("../../mirror/read-shown.ts");
  const { mirrorEmpty } = await import("../../mirror/read-snapshots.ts");
  const store = await openStore(config);
  const { readHeldAs } = await import("../../mirror/held-as.ts");
  const shown = await readShown(store, config.cache, now);
  const { snapshot, held, missing, hidden } = shown;
  if (snapshot === undefined) throw mirrorEmpty(config.data);
  const heldAs = await readHeldAs(store.documents, shown);
  const listed = { id: snapshot.id, agents: held, heldAs, offered: missing, hidden };
  return { listed, damaged: await listDamaged(store.documents) };
}

async function nextOf(version: string | undefined, channel: string | undefined): Promise<string> {
  const { shellCommand } = await import("../../shared/shell-command.ts");
  if (channel !== undefined)
    return `\`${shellCommand`jam list --channel ${channel}`}\` shows all of them, \`${shellCommand`jam channel diff ${channel}`}\` what a promotion would bring.`;
  const all = "`jam list` shows all of them";
  if (version === undefined) return `${all}.`;
  return `${all}, \`${shellCommand`jam explain ${version}`}\` what upstream lists and why it is not mirrored.`;
}
