import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { RepairDocument } from "../repair/repair-document.ts";
import type { RepairOptions } from "../repair/repair-mirror.ts";
import type { RepairSource } from "../repair/repair-source.ts";
import { isJamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { isRemote } from "../shared/url-text.ts";
import { openStore } from "./store.ts";
import { composeUpstreams, type ComposeUpstreamsOptions } from "./sync.ts";
import { composeVerifyWork, requirePublished, type VerifyCall } from "./verify.ts";

export interface RepairCall extends VerifyCall, ComposeUpstreamsOptions {
  /** URLs, folders and bundles, in order of preference; none stands for the upstreams of the settings. */
  readonly from: readonly string[];
  readonly cwd: string;
}

/**
 * Repairs this mirror.
 * @throws JamError JAM_MIRROR_EMPTY where nothing was ever published, JAM_OFFLINE, JAM_STORE_…, JAM_CANCELLED
 */
export async function composeRepair(
  config: Config,
  options: Omit<RepairOptions, "retention" | "jobs">,
  call: RepairCall,
): Promise<RepairDocument> {
  const { repairMirror } = await import("../repair/repair-mirror.ts");
  const store = await openStore(config, { purpose: options.isDryRun ? "verify" : "repair" });
  await requirePublished(config, store);
  const sources = await composeSources(config, call);
  const work = await composeVerifyWork(config, store, call);
  return repairMirror(
    { ...options, retention: config.retention, jobs: config.fetch.jobs },
    { ...work, sources },
  );
}

async function composeSources(config: Config, call: RepairCall): Promise<RepairSource[]> {
  if (call.from.length === 0) return fromUpstreams(config, call);
  const sources: RepairSource[] = [];
  for (const from of call.from)
    sources.push(isRemote(from) ? await fromUrl(config, call, from) : await fromPath(config, call, from));
  return sources;
}

/** Offline, what is here still repairs much. */
async function fromUpstreams(config: Config, call: RepairCall): Promise<RepairSource[]> {
  const { repairFromUpstream } = await import("../repair/from-upstream.ts");
  try {
    return (await composeUpstreams(config, call)).map((upstream) => repairFromUpstream(upstream));
  } catch (error) {
    if (!isJamError(error, "JAM_OFFLINE")) throw error;
    call.observe({
      kind: "warning",
      message: `${error.message} Name a place with --from to fetch what is missing.`,
    });
    return [];
  }
}

/** Its documents need no signature: each is compared with the hash by which it is known here. */
async function fromUrl(config: Config, call: RepairCall, text: string): Promise<RepairSource> {
  const { parseMirrorUrl } = await import("../juju/mirror-url.ts");
  const { repairFromUpstream } = await import("../repair/from-upstream.ts");
  const { url } = parseMirrorUrl(text, "--from");
  // Where `jam serve` shows upstream's own documents.
  const signed = url.endsWith("/upstream/tools") ? [] : [url.replace(/\/tools$/, "/upstream/tools")];
  const addresses = [url, ...signed].map((one) => ({ name: one, url: one, keyring: "none" }));
  const [upstream, ...others] = await composeUpstreams(
    { ...config, upstreams: addresses },
    { ...call, onWarning: () => undefined },
  );
  if (upstream === undefined) throw new Error(`no upstream at ${url}`);
  return repairFromUpstream(upstream, others);
}

async function fromPath(config: Config, call: RepairCall, text: string): Promise<RepairSource> {
  const path = resolve(call.cwd, text);
  const { repairFromContents } = await import("../repair/from-contents.ts");
  if (await isFolder(join(path, "blobs/sha256"))) {
    const other = await openStore({ store: { kind: "fs", path } }, { purpose: "verify" });
    const { storeContents } = await import("../bundle/contents.ts");
    return repairFromContents(text, storeContents(other), other.documents);
  }
  if ((await isFolder(join(path, "tools/streams"))) || (await isFolder(join(path, "streams")))) {
    const { repairFromUpstream } = await import("../repair/from-upstream.ts");
    const [upstream] = await composeUpstreams(
      { ...config, upstreams: [{ name: text, url: path, keyring: "none" }] },
      { ...call, onWarning: () => undefined },
    );
    if (upstream !== undefined) return repairFromUpstream(upstream);
  }
  const { findInputs } = await import("../medium/find-volumes.ts");
  const { openBundleContents } = await import("../bundle/read/open-contents.ts");
  try {
    const inputs = await findInputs([text], { cwd: call.cwd, stdin: undefined });
    return repairFromContents(text, await openBundleContents(inputs));
  } catch (error) {
    if (!isJamError(error, "JAM_BUNDLE_NOT_FOUND")) throw error;
    const message = `--from ${printable(text)}: neither the data directory of a mirror, nor a published tree, nor a bundle.`;
    const hint =
      "Name a folder with blobs/, with tools/ or streams/, or with the volumes of a bundle; or the URL of a mirror.";
    throw error.with({ message, hint });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
