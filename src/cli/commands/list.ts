import { formatByteSize } from "../../shared/byte-size.ts";
import type { AgentsDocument } from "../../mirror/agents-document.ts";
import { requireCurrentSnapshot } from "../../mirror/read-snapshots.ts";
import { listAgents } from "../../mirror/list-agents.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { adviseOnMissing } from "../upstream-agents.ts";
import { EXIT } from "../exit-status.ts";

interface ListOptions {
  readonly stream?: string;
  readonly arch?: string;
  readonly release?: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("[version]", "a version or the start of one (3.6.5, 3.6); 3.6/stable means the newest 3.6")
    .option("--stream <stream>", "only agents of this stream")
    .option("--arch <arch>", "only agents for this architecture")
    .option("--release <release>", "only agents for this OS type or series")
    .addHelpText("after", "\nExamples:\n  jam list 3.6\n  jam list --stream proposed --arch arm64 -o json")
    .action(run(list));
};

async function list(context: CommandContext, call: CommandCall<ListOptions>): Promise<number> {
  const config = await context.config();
  const { openReader } = await import("../../compose/store.ts");
  const snapshot = await requireCurrentSnapshot(await openReader(config), config.data);
  const version = call.args[0] as string | undefined;
  const document = listAgents(snapshot, { version, ...call.options });
  if (document.note !== undefined) await context.output.note(document.note);
  await context.output.print(document, () => render(document));
  if (document.agents.length > 0) return 0;
  const { arch, stream } = call.options;
  const advice =
    version === undefined ? undefined : await adviseOnMissing(context, { word: version, arch, stream });
  await context.output.note(`No agent in the mirror matches. ${advice ?? "`jam list` shows all of them."}`);
  return EXIT.notHeld;
}

function render({ agents }: AgentsDocument): Promise<string> {
  return formatTable(
    [
      { heading: "VERSION" },
      { heading: "RELEASE" },
      { heading: "ARCH" },
      { heading: "STREAMS" },
      { heading: "SIZE", align: "right" },
      { heading: "PATH" },
    ],
    agents.map(({ version, release, arch, streams, size, path }) => [
      version,
      release,
      arch,
      streams.join(","),
      formatByteSize(size),
      path,
    ]),
  );
}
