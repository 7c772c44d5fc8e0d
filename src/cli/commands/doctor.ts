import { LOG_FORMATS, type LogFormat } from "../../doctor/log/recognise-log.ts";
import type { DoctorDocument } from "../../doctor/doctor-document.ts";
import type { FleetView } from "../../doctor/fleet-facts.ts";
import { parseMirrorUrl } from "../../juju/mirror-url.ts";
import { parseSpanMs } from "../../shared/duration.ts";
import { JamError } from "../../shared/errors.ts";
import { parseTime } from "../../shared/parse-time.ts";
import { MIRROR_REF, parseRefName } from "../../shared/ref-name.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { EXIT } from "../exit-status.ts";
import { repeatedOption } from "../input/repeated-option.ts";
import { openLogFiles } from "../input/log-files.ts";
import { userAgent } from "../program-info.ts";
import { renderDoctor } from "../render/doctor.ts";

interface DoctorFlags {
  readonly juju?: readonly string[];
  readonly fleet?: readonly string[];
  readonly logFormat?: LogFormat;
  readonly since?: string;
  readonly until?: string;
  readonly url?: string;
  readonly channel?: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument(
      "[log...]",
      "request logs, also rotated and compressed ones, and logs of Juju; - reads standard input",
    )
    .addOption(
      repeatedOption(
        command,
        "--juju <file>",
        "what Juju says: juju debug-log, or the output of a command that failed; - reads standard input",
      ),
    )
    .addOption(
      repeatedOption(
        command,
        "--fleet <file>",
        "output of juju show-controller, models, status, or a folder of it: who is expected",
      ),
    )
    .option("--url <url>", "ask this address as well, as controllers have it")
    .option("--channel <name>", "with --url: the channel that the address has to show")
    .addOption(
      command
        .createOption("--log-format <format>", "format of the logs, where it is not recognised")
        .choices(LOG_FORMATS),
    )
    .option("--since <time>", "only requests from then on: 24h, PT24H, 2026-11-30T14:00Z")
    .option("--until <time>", "only requests until then")
    .addHelpText("after", HELP)
    .action(run(doctor));
};

const HELP = `
Says why controllers do not get agents from this mirror. It reads the request log of jam serve (a file, or the text of the
journal), the access log of nginx or Apache in the combined format, and what Juju says; compares them with what the mirror
and its channels have; and names each finding with the line, what it means and what to do. The format of each file is
recognised. Files of any size are read line by line; nothing is written, and only --url sends requests.

What cannot be decided is named as unknown: a log that is too short, a message of Juju that jam does not know, a line that
cannot be read.

The exit status is 0 if nothing is wrong, 3 if something was found or could not be decided.

Examples:
  journalctl -u jam-serve -o cat --since -2d | jam doctor -
  jam doctor /var/log/nginx/access.log*
  jam doctor --juju debug-log.txt --fleet fleet/ requests.log
  juju upgrade-controller 2>&1 | jam doctor --juju -
  jam doctor --url http://mirror.example:8080/tools`;

const EXIT_STATUS: Readonly<Record<DoctorDocument["verdict"], number>> = {
  healthy: EXIT.ok,
  problems: EXIT.partial,
  "not-known": EXIT.partial,
};

async function doctor(context: CommandContext, call: CommandCall<DoctorFlags>): Promise<number> {
  const { options } = call;
  const logs = (call.args[0] ?? []) as readonly string[];
  requireOneStdin([...logs, ...(options.juju ?? []), ...(options.fleet ?? [])]);
  if (options.channel !== undefined && options.url === undefined) throw channelWithoutUrl();
  const config = await context.config();
  const now = context.now();
  const span = { since: timeOf("--since", options.since, now), until: timeOf("--until", options.until, now) };
  const sources = [
    ...(await openLogFiles(context.io, logs, { flag: "LOG", format: options.logFormat })),
    ...(await openLogFiles(context.io, options.juju ?? [], { flag: "--juju", format: "juju" })),
  ];
  const { composeDiagnosis } = await import("../../compose/doctor.ts");
  const document = await composeDiagnosis(
    config,
    { sources, span, fleet: await readFleet(context, options.fleet), address: addressOf(options) },
    {
      env: context.io.env,
      userAgent: userAgent(),
      advise: (version, arch) => advise(context, version, arch),
      now,
      signal: context.signal,
    },
  );
  const isSilent =
    context.globals.isQuiet && document.verdict === "healthy" && context.output.format === "table";
  if (!isSilent) await context.output.print(document, () => renderDoctor(document, context.paint));
  return EXIT_STATUS[document.verdict];
}

function addressOf({ url, channel }: DoctorFlags) {
  if (url === undefined) return undefined;
  return { url: parseMirrorUrl(url).url, ref: channel === undefined ? MIRROR_REF : parseRefName(channel) };
}

async function readFleet(
  context: CommandContext,
  files: readonly string[] | undefined,
): Promise<FleetView | undefined> {
  if (files === undefined) return undefined;
  const { readFleetFiles } = await import("../input/fleet-files.ts");
  const { viewOfFleet } = await import("../../doctor/view-of-fleet.ts");
  return viewOfFleet(await readFleetFiles(context, files, { flag: "--fleet", isExplaining: false }));
}

async function advise(
  context: CommandContext,
  version: string,
  arch: string | undefined,
): Promise<string | undefined> {
  const { adviseOnMissing } = await import("../upstream-agents.ts");
  try {
    return await adviseOnMissing(context, { word: version, arch, stream: undefined });
  } catch {
    // The store is a finding of its own where it cannot be read.
    return undefined;
  }
}

function timeOf(flag: string, text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const spanMs = parseSpanMs(text);
  if (spanMs !== undefined) return now.getTime() - spanMs;
  const at = parseTime(text);
  if (at !== undefined) return at;
  throw new JamError("JAM_USAGE_INVALID", `${flag} ${text} is not a time.`, {
    hint: "Write 24h or PT24H for so long ago, or 2026-11-30, 2026-11-30T14:00 (local time), 2026-11-30T14:00Z.",
  });
}

function requireOneStdin(files: readonly string[]): void {
  if (files.filter((file) => file === "-").length <= 1) return;
  throw new JamError("JAM_USAGE_INVALID", "Standard input can be read once only.", {
    hint: "Use - for one of them, and files for the others.",
  });
}

function channelWithoutUrl(): JamError {
  return new JamError(
    "JAM_USAGE_INVALID",
    "--channel says what --url has to show; every channel is compared with the logs.",
    {
      hint: "Add --url with the address of the channel, or leave --channel out.",
    },
  );
}
