import { formatByteSize } from "../../shared/byte-size.ts";
import type { Agent } from "../../juju/agent.ts";
import { readAgentText, type AgentText } from "../../juju/agent-text.ts";
import { compareVersions, parseVersion, type JujuVersion } from "../../juju/version.ts";
import { requireCurrentSnapshot } from "../../mirror/current.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { listStreams } from "../agent-streams.ts";
import { formatTable } from "../output/table.ts";
import type { AskedAgents } from "../upgrade/fetch-advice.ts";

interface ListOptions {
  readonly stream?: string;
  readonly arch?: string;
  readonly release?: string;
}

/** Exit status when nothing that is held matches. */
const EXIT_NOT_HELD = 5;

export const define: DefineCommand = (command, run) => {
  command
    .argument(
      "[version]",
      "only this version, or all that start so (3.6, 2.9.42); 3.6/stable is the newest 3.6",
    )
    .option("--stream <stream>", "only agents of this stream")
    .option("--arch <arch>", "only this architecture")
    .option("--release <release>", "only this OS type or series")
    .addHelpText("after", "\nExamples:\n  jam list 3.6\n  jam list --stream proposed --arch arm64 -o json")
    .action(run(list));
};

async function list(context: CommandContext, call: CommandCall<ListOptions>): Promise<number> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const snapshot = await requireCurrentSnapshot(await openReader(config), config.data);
  const word = call.args[0] as string | undefined;
  const named = word === undefined ? undefined : readAgentText(word, snapshot.agents);
  if (named?.note !== undefined) await context.output.note(named.note);
  const matches = matcher(named?.isMeant, call.options);
  const agents = sortAgents(snapshot.agents.filter(matches));
  const rows = agents.map(({ version, release, arch, path, size, sha256, ...agent }) => ({
    version,
    release,
    arch,
    streams: listStreams(agent),
    path,
    size,
    sha256,
  }));
  await context.output.print({ snapshot: snapshot.id, agents: rows }, () =>
    formatTable(
      [
        { heading: "VERSION" },
        { heading: "RELEASE" },
        { heading: "ARCH" },
        { heading: "STREAMS" },
        { heading: "SIZE", align: "right" },
        { heading: "PATH" },
      ],
      rows.map((row) => [
        row.version,
        row.release,
        row.arch,
        row.streams.join(","),
        formatByteSize(row.size),
        row.path,
      ]),
    ),
  );
  if (rows.length > 0) return 0;
  const { arch, stream } = call.options;
  const advice = word === undefined ? undefined : await advise(context, { word, arch, stream });
  await context.output.note(`No held agent matches. ${advice ?? "`jam list` shows them all."}`);
  return EXIT_NOT_HELD;
}

async function advise(context: CommandContext, asked: AskedAgents): Promise<string | undefined> {
  const { adviseOn } = await import("../upgrade/fetch-advice.ts");
  return adviseOn(context, asked);
}

function matcher(isMeant: AgentText["isMeant"] | undefined, options: ListOptions): (agent: Agent) => boolean {
  const { stream, arch, release } = options;
  return (agent) =>
    (isMeant === undefined || isMeant(agent)) &&
    (arch === undefined || agent.arch === arch) &&
    (release === undefined || agent.release === release) &&
    (stream === undefined || listStreams(agent).includes(stream));
}

/** Oldest version first, then by release and arch; each version is parsed once. */
function sortAgents(agents: readonly Agent[]): Agent[] {
  const numbers = new Map(agents.map(({ version }) => [version, parseVersion(version)]));
  const number = ({ version }: Agent) => numbers.get(version) as JujuVersion;
  return agents.toSorted(
    (a, b) =>
      compareVersions(number(a), number(b)) ||
      compareTexts(a.release, b.release) ||
      compareTexts(a.arch, b.arch),
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
