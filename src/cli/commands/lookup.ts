import { defined } from "../../shared/collections.ts";
import { hostname } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stat } from "node:fs/promises";
import type { Config } from "../../config/config.ts";
import { formatToolsUrl } from "../../config/values.ts";
import { JamError } from "../../shared/errors.ts";
import { readVersionText } from "../../juju/version-text.ts";
import type { LookupPlace } from "../../upgrade/lookup/lookup-source.ts";
import type { LookupInquiry } from "../../upgrade/lookup/read-inquiry.ts";
import { channelOption, inChannel } from "../input/in-channel.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { parseMirrorUrl } from "../../juju/mirror-url.ts";
import { readVersionAloud } from "../input/version-flag.ts";
import { userAgent } from "../program-info.ts";
import { EXIT } from "../exit-status.ts";

interface LookupFlags extends Omit<LookupInquiry, "agent" | "version"> {
  readonly agentVersion?: string;
  readonly url?: string;
  readonly metadataSource?: string;
  readonly requireSigned?: true;
  readonly keyring?: string;
}

export const define: DefineCommand = (command, run) => {
  command
    .argument("[agent]", "3.6.5-ubuntu-arm64, a version (3.6.5) or a minor (3.6)")
    .optionsGroup("Who looks:")
    .option("--juju <version>", "whose rules apply: 3.6, 2.8.13 … (default: from the version)")
    .option("--client <version>", "the release of the client; by default it looks for its own version")
    .option("--for <purpose>", "bootstrap (default) or upgrade")
    .optionsGroup("What it looks for:")
    .option("--agent-version <version>", "exactly this version")
    .option("--major-minor <version>", "any version of this minor, as 3.6")
    .option("--arch <arch>", "the architecture (default: all)")
    .option("--os <os>", "the OS type, for Juju 2.9 and later (default: all)")
    .option("--series <series>", "the series, for Juju up to 2.8 (default: all)")
    .optionsGroup("Settings of the model:")
    .option("--stream <stream>", "agent-stream")
    .option("--development", "development is true")
    .option("--region <region>", "region of the cloud, which decides on mirrors of metadata")
    .option("--endpoint <url>", "endpoint of the cloud")
    .optionsGroup("Where it looks (default: this mirror):")
    .option("--url <url>", "this address, as agent-metadata-url")
    .option("--metadata-source <dir>", "this folder, as juju bootstrap --metadata-source")
    .option("--require-signed", "accept only signed metadata")
    .option("--keyring <file>", "public key that replaces the one built into Juju")
    .addOption(channelOption(command))
    .addHelpText(
      "after",
      `
Shows which documents a client or controller of that Juju asks for, which one answers, what it takes, and
whether it would continue at streams.canonical.com, which is never contacted. Exits with 0 when an agent is
found, with 5 when not.

Examples:
  jam lookup 3.6.5-ubuntu-arm64
  jam lookup 3.6 --stream proposed                          does a missing stream lead to the internet?
  jam lookup --juju 2.8 --agent-version 2.9.52 --series focal --for upgrade
  jam lookup --client 3.6.9 --url http://mirror.example:8080/tools
  jam lookup 2.9.52 --metadata-source /srv/mirror-data -o json`,
    )
    .action(run(inChannel(lookup)));
};

async function lookup(context: CommandContext, call: CommandCall<LookupFlags>): Promise<number> {
  const flags = call.options;
  const { readInquiry } = await import("../../upgrade/lookup/read-inquiry.ts");
  const inquiry = readInquiry(await resolveChannels(context, flags, call.args[0] as string | undefined));
  const config = await context.config();
  const place = await findPlace(context, config, flags);
  const { composeLookup } = await import("../../compose/upgrade.ts");
  const reader = await composeLookup(config, place, {
    env: context.io.env,
    userAgent: userAgent(),
    signal: context.signal,
    keyring: flags.keyring === undefined ? "builtin" : keyringFile(flags.keyring, context.io.cwd),
  });
  const { reportLookup } = await import("../../upgrade/lookup/lookup-report.ts");
  const report = await reportLookup({ inquiry, place, demandsSigned: flags.requireSigned === true }, reader);
  await context.output.print(report, async () => {
    const { renderLookup } = await import("../render/lookup.ts");
    return renderLookup(report, context);
  });
  return report.outcome === "found" ? EXIT.ok : EXIT.notHeld;
}

/** The inquiry with versions in the place of snap channels and of what `juju --version` prints. */
async function resolveChannels(
  context: CommandContext,
  flags: LookupFlags,
  agent: string | undefined,
): Promise<LookupInquiry> {
  const { agentVersion, client } = flags;
  const word =
    agent !== undefined && isChannel(agent) ? await readVersionAloud(context, agent, "agent") : agent;
  return {
    ...flags,
    ...defined({ agent: word }),
    ...(client === undefined ? {} : { client: await readVersionAloud(context, client, "--client") }),
    ...(agentVersion === undefined
      ? {}
      : { version: await readVersionAloud(context, agentVersion, "--agent-version") }),
  };
}

function isChannel(text: string): boolean {
  return readVersionText(text)?.kind === "channel";
}

function keyringFile(keyring: string, cwd: string): string {
  return keyring === "builtin" ? keyring : resolve(cwd, keyring);
}

async function findPlace(context: CommandContext, config: Config, flags: LookupFlags): Promise<LookupPlace> {
  const { url, metadataSource } = flags;
  if (url !== undefined && metadataSource !== undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--url and --metadata-source are mutually exclusive.", {
      hint: "Give the address that Juju has as agent-metadata-url, or the folder for --metadata-source.",
    });
  }
  if (metadataSource !== undefined) return folderPlace(resolve(context.io.cwd, metadataSource));
  if (url !== undefined) return urlPlace(url, config);
  return { kind: "mirror", url: formatToolsUrl(config.server, hostname()), channel: config.store.ref };
}

/** Juju takes the folder itself for the tools when it is called so. */
async function folderPlace(folder: string): Promise<LookupPlace> {
  if (!(await isFolder(folder))) {
    throw new JamError("JAM_USAGE_INVALID", `--metadata-source: ${folder} is not a folder.`, {
      hint: "Name the folder that contains tools/streams/v1.",
      details: { folder },
    });
  }
  const tools = basename(folder) === "tools" ? folder : join(folder, "tools");
  return { kind: "folder", url: (await isFolder(tools)) ? pathToFileURL(tools).href : undefined };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/** In offline mode only an address that is private by its own text is contacted. */
async function urlPlace(text: string, config: Config): Promise<LookupPlace> {
  const { url } = parseMirrorUrl(text);
  if (config.mode === "offline") {
    const { isPrivateUrl } = await import("../../compose/upgrade.ts");
    if (!(await isPrivateUrl(url))) {
      throw new JamError("JAM_OFFLINE", `This mirror is in offline mode: no request was made to ${url}.`, {
        hint: "Give a private address (http://10.0.0.5:8080/tools), or leave --url out to look in the mirror itself.",
        details: { refused: [url] },
      });
    }
  }
  return { kind: "url", url };
}
