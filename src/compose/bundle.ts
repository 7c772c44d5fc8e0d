import { defined } from "../shared/collections.ts";
import type { ContentSource } from "../bundle/contents.ts";
import type { BundlePlace, CreateWork } from "../bundle/create/create-bundle.ts";
import type { DivideWork } from "../bundle/divide/divide-bundle.ts";
import type { ImportRules, ImportWork, OpenProofTrust } from "../bundle/import/import-work.ts";
import type { RepairWork } from "../bundle/repair/repair-bundle.ts";
import type { BundleSigner, VerifyDetached } from "../bundle/signing.ts";
import type { SiteInventory } from "../bundle/site/site-inventory.ts";
import type { VerifyWork } from "../bundle/verify/verify-bundle.ts";
import type { Config } from "../config/config.ts";
import type { VolumeInput } from "../medium/medium.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { RunningVersions } from "../mirror/running-versions.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { JamError } from "../shared/errors.ts";
import type { Store } from "../store/store.ts";
import type { PromotionObservers } from "./channel.ts";
import { openKeys, openStore } from "./store.ts";
import { whoRuns } from "./who-runs.ts";

export interface ComposeBundleOptions {
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/**
 * What making a bundle from this mirror works with.
 * @throws JamError JAM_KEY_NOT_FOUND when it is to be signed and there is no key
 */
export async function composeBundle(
  config: Config,
  options: ComposeBundleOptions & { readonly isSigned: boolean },
): Promise<CreateWork & { readonly store: Store }> {
  const store = await openStore(config);
  const signer = options.isSigned ? await requireSigner(config) : undefined;
  return {
    store,
    contents: await storeContents(store),
    signer,
    observe: options.observe,
    signal: options.signal,
  };
}

async function requireSigner(config: Config): Promise<BundleSigner> {
  const own = await (await openKeys(config)).own();
  if (own !== undefined) return own;
  throw new JamError("JAM_KEY_NOT_FOUND", "This side has no key to sign the bundle with.", {
    hint: "Make one with `jam key generate`, and trust it on the far side. --unsigned makes an unsigned bundle.",
    details: { keys: config.keys },
  });
}

/** The signing key of this side, where it has one. */
export async function composeSigner(config: Config): Promise<BundleSigner | undefined> {
  return (await openKeys(config)).own();
}

/** Where `--to` points; `path` is absolute. */
export async function composePlace(path: string): Promise<BundlePlace> {
  const { openBundlePlace } = await import("../medium/folder-writer.ts");
  return openBundlePlace(path);
}

/**
 * The archives at the paths of a command line.
 * @throws JamError JAM_MEDIUM_UNUSABLE, JAM_BUNDLE_NOT_FOUND for a folder without archives
 */
export async function composeInputs(
  paths: readonly string[],
  options: { readonly cwd: string; readonly stdin: (() => AsyncIterable<Uint8Array>) | undefined },
): Promise<VolumeInput[]> {
  const { findInputs } = await import("../medium/find-volumes.ts");
  return findInputs(paths, options);
}

/** Checks detached signatures against the trusted keys. */
export async function composeVerifyDetached(config: Config): Promise<VerifyDetached> {
  const keys = await openKeys(config);
  return (...signed) => keys.verifyDetached(...signed);
}

/** What verifying a bundle works with. */
export async function composeVerify(
  config: Config,
  options: ComposeBundleOptions & { readonly allowsUnsigned: boolean },
): Promise<VerifyWork> {
  const { openMediumFolder } = await import("../medium/folder-writer.ts");
  return { ...options, verifyDetached: await composeVerifyDetached(config), openFolder: openMediumFolder };
}

/** What repairing a bundle from this mirror works with. */
export async function composeRepair(
  config: Config,
  options: ComposeBundleOptions & { readonly allowsUnsigned: boolean },
): Promise<RepairWork> {
  const store = await openStore(config);
  return {
    ...(await composeVerify(config, options)),
    documents: store.documents,
    contents: await storeContents(store),
    signer: await composeSigner(config),
  };
}

/** What dividing a bundle in another way works with. */
export async function composeDivide(config: Config, options: ComposeBundleOptions): Promise<DivideWork> {
  const verifyDetached = await composeVerifyDetached(config);
  return { ...options, verifyDetached, signer: await composeSigner(config) };
}

export interface ComposeImportOptions
  extends ComposeBundleOptions, Pick<PromotionObservers, "env" | "onPromoted"> {
  readonly allow: ReadonlySet<Allowance>;
  readonly allowsUnsigned: boolean;
  /** What the fleet runs, if that is to be kept. Default: nothing is known of a fleet. */
  readonly running?: RunningVersions | undefined;
  /** False for a dry run: a missing data directory stays missing. */
  readonly writes: boolean;
  /** The channel to import into. Default: the mirror. */
  readonly channel?: string | undefined;
}

/** Everything that an import needs, from the settings. */
export async function composeImport(
  config: Config,
  options: ComposeImportOptions,
): Promise<{ readonly rules: ImportRules; readonly work: ImportWork }> {
  const store = await openStore(config, { create: options.writes });
  const keys = await openKeys(config);
  const { composeAfterPublish } = await import("./channel.ts");
  const afterPublish = await composeAfterPublish(config, { ...options, store });
  return {
    rules: {
      retention: config.retention,
      deny: config.rules.deny,
      onUpstreamRemoval: config.onUpstreamRemoval,
      ...defined({ running: options.running }),
      allow: options.allow,
      allowsUnsigned: options.allowsUnsigned,
    },
    work: {
      store,
      verifyDetached: (...signed) => keys.verifyDetached(...signed),
      openTrust: await composeProofTrust(config, options.observe),
      observe: options.observe,
      who: whoRuns(options.env ?? {}),
      ...(options.channel !== undefined && {
        channel: { name: options.channel, settings: config.channels },
      }),
      now: () => new Date(),
      signal: options.signal,
      ...defined({ afterPublish }),
    },
  };
}

/** Upstream's documents are checked with the keyring of the upstream of that URL or name, or of the first one. */
async function composeProofTrust(config: Config, observe: SyncObserver): Promise<OpenProofTrust> {
  const { createDocumentTrust } = await import("../upstream/document-trust.ts");
  const { SYSTEM_TIMING } = await import("../upstream/waiting.ts");
  return ({ name, url }) => {
    const { upstreams } = config;
    const upstream =
      upstreams.find((one) => one.url === url) ?? upstreams.find((one) => one.name === name) ?? upstreams[0];
    return createDocumentTrust({
      keyring: upstream?.keyring ?? "builtin",
      timing: SYSTEM_TIMING,
      onWarning: (message) => observe({ kind: "warning", message }),
    });
  };
}

/**
 * Computes the size of the next delta of a site, in bytes.
 * @throws JamError JAM_STORE_…
 */
export async function composeDeltaSizes(config: Config): Promise<(have: SiteInventory) => Promise<number>> {
  const { openDeltaSizes } = await import("../bundle/site/list-sites.ts");
  const store = await openStore(config);
  return openDeltaSizes(store, { advice: config.advice, signer: await composeSigner(config) });
}

async function storeContents(store: Store): Promise<ContentSource> {
  const contents = await import("../bundle/contents.ts");
  return contents.storeContents(store);
}
