import { isJamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Config } from "../config/config.ts";
import type { SettingsUnderTest } from "../verify/check-settings.ts";
import type { OpenTrust } from "../verify/trust.ts";
import type { VerifyDocument } from "../verify/verify-document.ts";
import type { VerifyUrlDocument } from "../verify/url/verify-url-document.ts";
import type { VerifyUrlOptions } from "../verify/url/verify-url.ts";
import type { VerifyOptions } from "../verify/verify-mirror.ts";
import type { VerifyWork } from "../verify/verify-work.ts";
import type { Store } from "../store/store.ts";
import { openKeys, openStore } from "./store.ts";

/** What `compose` adds to the work of a verification. */
export type VerifyCall = Omit<
  VerifyWork,
  "store" | "sleep" | "settings" | "openTrust" | "readExpected" | "findLostHistories"
>;

/**
 * Verifies this mirror.
 * @throws JamError JAM_MIRROR_EMPTY where nothing was ever published, JAM_STORE_…, the reason of the signal
 */
export async function composeVerification(
  config: Config,
  options: Omit<VerifyOptions, "retention">,
  call: VerifyCall,
): Promise<VerifyDocument> {
  if (options.isDeep) {
    const { hashThreads } = await import("../disk/hash-threads.ts");
    await hashThreads.prepare();
  }
  const { verifyMirror } = await import("../verify/verify-mirror.ts");
  const store = await openStore(config, { purpose: "verify" });
  await requirePublished(config, store);
  return verifyMirror(
    { ...options, retention: config.retention },
    await composeVerifyWork(config, store, call),
  );
}

/** What verifying works with. */
export async function composeVerifyWork(config: Config, store: Store, call: VerifyCall): Promise<VerifyWork> {
  const { setTimeout: sleep } = await import("node:timers/promises");
  const { openTrust, settings } = await composeTrust(config, (message) =>
    call.observe({ kind: "warning", message }),
  );
  return {
    ...call,
    store,
    settings,
    openTrust,
    readExpected: async () => {
      const { readExpectedRefs } = await import("../channel/expected-refs.ts");
      return readExpectedRefs(store);
    },
    findLostHistories: async () => {
      const { findLostHistories } = await import("../channel/lost-history.ts");
      return findLostHistories(store);
    },
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, { signal });
    },
  };
}

/**
 * Something must have been published, or offered in cache mode: nothing says that another folder is a mirror.
 * @throws JamError JAM_MIRROR_EMPTY
 */
export async function requirePublished(config: Pick<Config, "data">, store: Store): Promise<void> {
  const { listSnapshotIds, mirrorEmpty } = await import("../mirror/read-snapshots.ts");
  try {
    if ((await listSnapshotIds(store.documents)).length > 0) return;
  } catch (error) {
    // There are snapshots, and this user may not read them: that is a finding.
    if (isJamError(error, "JAM_STORE_PERMISSION")) return;
    throw error;
  }
  const { listRefs } = await import("../verify/verify-tarballs.ts");
  if ((await listRefs(store)).length > 0 || ((await store.trees?.list()) ?? []).length > 0) return;
  const { readOffer } = await import("../mirror/offer.ts");
  if ((await readOffer(store.documents)) !== undefined) return;
  throw mirrorEmpty(config.data);
}

/** Upstream's documents are checked with the keyring of the upstream of that URL or name, or of the first one. */
async function composeTrust(
  config: Config,
  onWarning: (message: string) => void,
): Promise<{ readonly openTrust: OpenTrust; readonly settings: SettingsUnderTest }> {
  const { createDocumentTrust } = await import("../upstream/document-trust.ts");
  const { SYSTEM_TIMING } = await import("../upstream/waiting.ts");
  const { upstreams } = config;
  const trusts = new Map(
    upstreams.map(({ name, keyring }) => [
      name,
      createDocumentTrust({ keyring, timing: SYSTEM_TIMING, onWarning }),
    ]),
  );
  const builtin = createDocumentTrust({ keyring: "builtin", timing: SYSTEM_TIMING, onWarning });
  return {
    openTrust({ name, url }) {
      const upstream =
        upstreams.find((one) => one.url === url) ??
        upstreams.find((one) => one.name === name) ??
        upstreams[0];
      return (upstream && trusts.get(upstream.name)) ?? builtin;
    },
    settings: {
      keyrings: upstreams.map(({ name, keyring }) => ({
        name,
        keyring,
        read: async () => trusts.get(name)?.trustedKeys(),
      })),
      readKeyProblems: async () => (await openKeys(config)).problems(),
    },
  };
}

async function requireChannel({ channels }: Config, store: Store, name: string): Promise<void> {
  const { requireShown } = await import("../channel/compare.ts");
  await requireShown(store, channels, name);
}

export interface VerifyUrlCall {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/**
 * Verifies from outside what an address serves of this mirror.
 * @throws JamError JAM_MIRROR_EMPTY, JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_SNAPSHOT_NOT_FOUND, JAM_STORE_…,
 *   JAM_CANCELLED
 */
export async function composeUrlVerification(
  config: Config,
  options: VerifyUrlOptions,
  { env: environment, userAgent, signal }: VerifyUrlCall,
): Promise<VerifyUrlDocument> {
  const { verifyUrl } = await import("../verify/url/verify-url.ts");
  const { openProbe } = await import("../upstream/probe.ts");
  const { probeAgent } = await import("../verify/url/probe.ts");
  const { createLookupReader } = await import("../upstream/lookup-reader.ts");
  const store = await openStore(config);
  if (options.ref === MIRROR_REF) await requirePublished(config, store);
  else await requireChannel(config, store, options.ref);
  const { caFile, idleTimeoutMs } = config.fetch;
  const shared = { environment, caFile, idleTimeoutMs, signal };
  const isOffline = config.mode === "offline";
  const reader = createLookupReader({
    ...shared,
    userAgent: probeAgent(userAgent),
    bases: [options.url],
    keyring: "builtin",
    isOffline,
  });
  return verifyUrl(options, { store, probe: await openProbe(shared), reader });
}
