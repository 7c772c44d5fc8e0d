import type { VolumeInput } from "./medium/medium.ts";
import type { CreateWork, BundlePlace } from "./bundle/create/create-bundle.ts";
import type { Have } from "./bundle/site/have.ts";
import type { ImportRules, ImportWork } from "./bundle/import/import-rules.ts";
import type { OpenProofTrust } from "./bundle/import/ports.ts";
import type { DivideWork } from "./bundle/divide/divide-bundle.ts";
import type { BundleSigner, ContentReader, ContentSource, VerifyDetached } from "./bundle/signing.ts";
import type { RepairWork } from "./bundle/repair/repair-set.ts";
import type { VerifyWork } from "./bundle/verify/verify-bundle.ts";
import { createStore, openKeys, openStore } from "./compose.ts";
import type { Config } from "./config/config.ts";
import { JamError } from "./shared/errors.ts";
import type { Store } from "./store/store.ts";
import type { SyncObserver } from "./mirror/run-events.ts";
import type { Allowance } from "./metadata/freshness.ts";

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
  return { store, contents: contentSource(store), signer, observe: options.observe, signal: options.signal };
}

async function requireSigner(config: Config): Promise<BundleSigner> {
  const own = await (await openKeys(config)).own();
  if (own !== undefined) return own;
  throw new JamError("JAM_KEY_NOT_FOUND", "This side has no key to sign the bundle with.", {
    hint: "Make one with `jam key generate`, and have the far side trust it. --unsigned leaves the signature out.",
    details: { keys: config.keys },
  });
}

/** The signing key of this side, where it has one. */
export async function composeSigner(config: Config): Promise<BundleSigner | undefined> {
  return (await openKeys(config)).own();
}

/** Tarballs and documents of a store alike, by hash. */
export function contentSource({ blobs, documents }: Pick<Store, "blobs" | "documents">): ContentSource {
  return {
    async open(sha256) {
      const blob = await blobs.open(sha256);
      if (blob !== undefined) return blob;
      const bytes = await documents.get("upstream", sha256);
      return bytes && memoryReader(bytes);
    },
  };
}

function memoryReader(bytes: Uint8Array): ContentReader {
  return {
    size: bytes.length,
    async read(buffer, position) {
      const piece = bytes.subarray(position, position + buffer.length);
      buffer.set(piece);
      return piece.length;
    },
    close: async () => undefined,
  };
}

/** Where `--to` points: a folder, or a file `….tar` in one. `path` is absolute. */
export async function composePlace(path: string): Promise<BundlePlace> {
  const { openMediumFolder } = await import("./medium/folder-writer.ts");
  const { basename, dirname } = await import("node:path");
  return path.endsWith(".tar")
    ? { medium: openMediumFolder(dirname(path)), base: basename(path, ".tar") }
    : { medium: openMediumFolder(path), base: undefined };
}

/**
 * Archives at these paths, each a file or a folder; `-` is standard input.
 * @throws JamError JAM_MEDIUM_UNUSABLE, JAM_BUNDLE_NOT_FOUND for a folder without archives
 */
export async function composeInputs(
  paths: readonly string[],
  { cwd, stdin }: { readonly cwd: string; readonly stdin: (() => AsyncIterable<Uint8Array>) | undefined },
): Promise<VolumeInput[]> {
  const { findVolumes, streamInput } = await import("./medium/find-volumes.ts");
  const { resolve } = await import("node:path");
  const inputs: VolumeInput[] = [];
  for (const path of paths) {
    if (path === "-" && stdin !== undefined) inputs.push(streamInput("standard input", stdin()));
    else {
      const found = await findVolumes({ path: resolve(cwd, path), typed: path });
      if (found.length === 0) throw noArchives(path);
      for (const input of found) inputs.push(input);
    }
  }
  return inputs;
}

function noArchives(path: string): JamError {
  return new JamError("JAM_BUNDLE_NOT_FOUND", `${path} holds no *.tar, so no volume of a bundle.`, {
    hint: "Name the folder that holds the volumes, or the files themselves.",
    details: { path },
  });
}

/** Looks at bundles, and refuses nothing. */
export async function composeVerifyDetached(config: Config): Promise<VerifyDetached> {
  const keys = await openKeys(config);
  return (...signed) => keys.verifyDetached(...signed);
}

/** What verifying a bundle works with. */
export async function composeVerify(
  config: Config,
  options: ComposeBundleOptions & { readonly allowsUnsigned: boolean },
): Promise<VerifyWork> {
  const { openMediumFolder } = await import("./medium/folder-writer.ts");
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
    contents: contentSource(store),
    signer: await composeSigner(config),
  };
}

/** What dividing a bundle in another way works with. */
export async function composeDivide(config: Config, options: ComposeBundleOptions): Promise<DivideWork> {
  const verifyDetached = await composeVerifyDetached(config);
  return { ...options, verifyDetached, signer: await composeSigner(config) };
}

export interface ComposeImportOptions extends ComposeBundleOptions {
  readonly allow: ReadonlySet<Allowance>;
  readonly allowsUnsigned: boolean;
  /** False for a dry run: a missing data directory stays missing. */
  readonly writes: boolean;
}

/** Everything that an import needs, from the settings. */
export async function composeImport(
  config: Config,
  options: ComposeImportOptions,
): Promise<{ readonly rules: ImportRules; readonly work: ImportWork }> {
  const store = await (options.writes ? createStore(config) : openStore(config));
  const keys = await openKeys(config);
  return {
    rules: {
      retention: config.retention,
      deny: config.rules.deny,
      allow: options.allow,
      allowsUnsigned: options.allowsUnsigned,
    },
    work: {
      store,
      verifyDetached: (...signed) => keys.verifyDetached(...signed),
      openTrust: await composeProofTrust(config, options.observe),
      observe: options.observe,
      now: () => new Date(),
      signal: options.signal,
    },
  };
}

/** Upstream's documents are held to the keyring of the upstream of that name or URL, or of the first one. */
async function composeProofTrust(config: Config, observe: SyncObserver): Promise<OpenProofTrust> {
  const { createDocumentTrust } = await import("./upstream/document-trust.ts");
  const { SYSTEM_TIMING } = await import("./upstream/timing.ts");
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
 * Weighs the delta that would bring a far side up to the current snapshot: the size of its archive, in bytes.
 * @throws JamError JAM_STORE_…
 */
export async function composeDeltaWeight(config: Config): Promise<(have: Have) => Promise<number>> {
  const { readCurrentSnapshot } = await import("./mirror/current.ts");
  const { planBundle } = await import("./bundle/create/plan-bundle.ts");
  const { signBundle } = await import("./bundle/create/create-bundle.ts");
  const { adviceOf } = await import("./mirror/knowledge.ts");
  const store = await openStore(config);
  const snapshot = await readCurrentSnapshot(store);
  const signer = await composeSigner(config);
  return async (have) => {
    if (snapshot === undefined) return 0;
    const advice = await adviceOf(store.documents, config.advice);
    const manifest = await planBundle({ snapshot, choice: {}, have, advice, allowsPartial: true }, store);
    const { volumes } = await signBundle(manifest, undefined, signer);
    return volumes.reduce((sum, { bytes }) => sum + bytes, 0);
  };
}
