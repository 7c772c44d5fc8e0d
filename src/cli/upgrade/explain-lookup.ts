import { hostname } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stat } from "node:fs/promises";
import type { Config } from "../../config/config.ts";
import { formatToolsUrl } from "../../config/values.ts";
import { JamError } from "../../shared/errors.ts";
import { readVersionText } from "../../juju/version-text.ts";
import type { LookupPlace } from "../../upgrade/lookup/place.ts";
import type { LookupInquiry } from "../../upgrade/lookup/read-inquiry.ts";
import type { CommandContext } from "../command.ts";
import { parseMirrorUrl } from "../../juju/mirror-url.ts";
import { readVersionAloud } from "../input/version-flag.ts";
import { userAgent } from "../version.ts";
import { EXIT } from "../exit-status.ts";

/** The flags of `jam explain --lookup`. */
export interface LookupFlags extends Omit<LookupInquiry, "agent" | "version"> {
  readonly agentVersion?: string;
  readonly url?: string;
  readonly metadataSource?: string;
  readonly requireSigned?: true;
  readonly keyring?: string;
}

/**
 * `jam explain --lookup`: what a client or controller of Juju would find at the place, step by step.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID, JAM_OFFLINE, JAM_KEYRING_INVALID, JAM_STORE_…
 */
export async function explainLookup(
  context: CommandContext,
  flags: LookupFlags,
  agent: string | undefined,
): Promise<number> {
  const { readInquiry } = await import("../../upgrade/lookup/read-inquiry.ts");
  const { reportLookup } = await import("../../upgrade/lookup/report.ts");
  const { agentVersion, client } = flags;
  const word =
    agent !== undefined && isChannel(agent) ? await readVersionAloud(context, agent, "agent") : agent;
  const inquiry = readInquiry({
    ...flags,
    ...(word === undefined ? {} : { agent: word }),
    ...(client === undefined ? {} : { client: await readVersionAloud(context, client, "--client") }),
    ...(agentVersion === undefined
      ? {}
      : { version: await readVersionAloud(context, agentVersion, "--agent-version") }),
  });
  const config = await context.config();
  const place = await findPlace(context, config, flags);
  const { composeLookup } = await import("../../compose/upgrade.ts");
  const reader = await composeLookup(config, place, {
    env: context.io.env,
    userAgent: userAgent(),
    signal: context.signal,
    keyring: flags.keyring === undefined ? "builtin" : keyringFile(flags.keyring, context.io.cwd),
  });
  const report = await reportLookup({ inquiry, place, demandsSigned: flags.requireSigned === true }, reader);
  await context.output.print(report, async () => {
    const { renderLookup } = await import("../render/lookup.ts");
    return renderLookup(report, context.paint);
  });
  return report.outcome === "found" ? EXIT.ok : EXIT.notHeld;
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
    throw new JamError("JAM_USAGE_INVALID", "--url and --metadata-source exclude each other.", {
      hint: "Give the address that Juju has as agent-metadata-url, or the folder for --metadata-source.",
    });
  }
  if (metadataSource !== undefined) return folderPlace(resolve(context.io.cwd, metadataSource));
  if (url !== undefined) return urlPlace(url, config);
  return { kind: "mirror", url: formatToolsUrl(config.server, hostname()) };
}

/** Juju takes the folder itself for the tools when it is called so. */
async function folderPlace(folder: string): Promise<LookupPlace> {
  if (!(await isFolder(folder))) {
    throw new JamError("JAM_USAGE_INVALID", `--metadata-source: ${folder} is no folder.`, {
      hint: "Name the folder that holds tools/streams/v1.",
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

/** In offline mode only an address that is private by its own spelling is asked. */
async function urlPlace(text: string, config: Config): Promise<LookupPlace> {
  const { url } = parseMirrorUrl(text);
  if (config.mode === "offline") {
    const { isPrivateUrl } = await import("../../compose/upgrade.ts");
    if (!(await isPrivateUrl(url))) {
      throw new JamError("JAM_OFFLINE", `This mirror is in offline mode: no request was made to ${url}.`, {
        hint: "Give a private address (http://10.0.0.5:8080/tools), or look at the mirror itself without --url.",
        details: { refused: [url] },
      });
    }
  }
  return { kind: "url", url };
}
