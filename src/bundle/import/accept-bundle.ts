import type { Allowance } from "../../metadata/freshness.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { isFarAhead, skewNote } from "../../shared/clock.ts";
import { isJamError, JamError } from "../../shared/errors.ts";
import type { BundleManifest, ProofSet } from "../format/manifest.ts";
import type { VolumeHead } from "../read/volume-reader.ts";
import type { VerifyDetached } from "../signing.ts";
import { isJudgedByAge, refuseDiscontinued, type ChannelTarget } from "./channel-target.ts";
import type { ImportRules, ImportWork, OpenProofTrust, ProofTrust } from "./import-work.ts";
import { findPending, type PendingBundle } from "./pending-bundles.ts";
import { formatFingerprint } from "../../shared/signature.ts";
import { formatLocalTime } from "../../shared/local-time.ts";

/** A bundle that may be received, and what to warn of. */
export interface AcceptedBundle {
  readonly bundle: PendingBundle;
  /** Undefined when there is nothing to warn of. */
  readonly warning: string | undefined;
}

/**
 * Decides from the head of a volume whether its bundle may be received: its signature, whether its proofs can be
 * verified here, its date. Reads no content and changes nothing.
 * @throws JamError JAM_SIGNATURE_MISSING, JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED,
 *   JAM_METADATA_UNSIGNED, JAM_METADATA_KEY_UNKNOWN, JAM_METADATA_FUTURE, JAM_BUNDLE_OUTDATED
 */
export async function acceptBundle(
  head: VolumeHead,
  name: string,
  { rules, work, current, target }: AcceptWork,
): Promise<AcceptedBundle> {
  const { manifest, manifestBytes, label, signature } = head;
  const waiting = await findPending(work.store.documents, manifest);
  const { warning, ...trust } = await verifySigner(head, name, {
    ...rules,
    verifyDetached: work.verifyDetached,
    isWaiting: waiting !== undefined && waiting.signedBy !== null,
  });
  for (const set of manifest.proofs) requireVerifiable(set, { ...work, ...rules });
  refuseFuture(manifest, work.now(), rules.allow);
  const continuation =
    target && (await refuseDiscontinued(manifest, target, { store: work.store, allow: rules.allow }));
  if (isJudgedByAge(continuation)) refuseOutdated(manifest, current, rules.allow);
  const bundle: PendingBundle = {
    manifest,
    manifestBytes: manifestBytes.length,
    signatureBytes: signature?.length ?? 0,
    ...(waiting?.signerExpiredAt === undefined ? {} : { signerExpiredAt: waiting.signerExpiredAt }),
    ...trust,
    volumeSize: label.volumeSize,
    ...(target && { channel: target.name }),
  };
  return { bundle, warning: warning ?? newMaker(bundle, current) };
}

/** What to say where another key than before signed the bundle. */
function newMaker({ manifest, signedBy }: PendingBundle, current: Snapshot | undefined): string | undefined {
  const before = current?.bundle?.signedBy;
  if (signedBy === null || before === undefined || before === null || before === signedBy) return undefined;
  return `The signer of bundles has changed: ${manifest.id} is signed by ${formatFingerprint(signedBy)}; until now they were signed by ${formatFingerprint(before)}. The new key is trusted here. If its maker did not announce it, ask before the next upgrade.`;
}

/** What a bundle is checked against. */
export interface AcceptWork {
  readonly rules: ImportRules;
  readonly work: Pick<ImportWork, "store" | "verifyDetached" | "openTrust" | "now">;
  /** What the mirror or the channel shows now. */
  readonly current: Snapshot | undefined;
  /** The channel that is imported into; undefined for the mirror. */
  readonly target?: ChannelTarget | undefined;
}

interface Signer extends Pick<PendingBundle, "signedBy" | "signerExpiredAt"> {
  readonly warning: string | undefined;
}

interface SignerRules extends Pick<ImportRules, "allowsUnsigned" | "allow"> {
  readonly verifyDetached: VerifyDetached;
  /** True for a manifest that was trusted when an earlier volume arrived: its signer may have expired since. */
  readonly isWaiting: boolean;
}

/** A signature that does not fit is refused in any case. */
async function verifySigner(
  { manifest, manifestBytes, signature }: VolumeHead,
  name: string,
  { verifyDetached, allowsUnsigned, allow, isWaiting }: SignerRules,
): Promise<Signer> {
  const { id } = manifest;
  if (signature === undefined) {
    if (allowsUnsigned) return { signedBy: null, warning: warn(id, "is NOT signed") };
    throw new JamError("JAM_SIGNATURE_MISSING", `${name}: bundle ${id} is not signed.`, {
      hint: "Ask its maker to sign it (jam key generate). --allow-unsigned accepts it, with a warning; recorded in the snapshot.",
      details: { volume: name, bundle: id },
    });
  }
  try {
    const allowsExpiredKey = isWaiting || allow.has("expired-key");
    const signed = await verifyDetached(manifestBytes, signature, `${name}: bundle ${id}`, {
      allowsExpiredKey,
    });
    const { fingerprint: signedBy, keyExpiredAt } = signed;
    if (keyExpiredAt === undefined || isWaiting) return { signedBy, warning: undefined };
    const signerExpiredAt = keyExpiredAt.toISOString();
    const warning = `Bundle ${id} was signed by key ${formatFingerprint(signedBy)}, which EXPIRED on ${formatLocalTime(signerExpiredAt)}: anyone who has that key can backdate a signature. This is recorded in the snapshot.`;
    return { signedBy, signerExpiredAt, warning };
  } catch (error) {
    if (isJamError(error, "JAM_SIGNER_EXPIRED")) throw withAllowance(error);
    if (!allowsUnsigned || !isJamError(error, "JAM_SIGNER_UNKNOWN")) throw error;
    return { signedBy: null, warning: warn(id, "was signed by a key that is NOT TRUSTED here") };
  }
}

function withAllowance(error: JamError): JamError {
  return error.with({
    hint: `${error.hint} If you still trust the bundle, repeat the command with --allow expired-key`,
  });
}

function warn(id: string, what: string): string {
  return `Bundle ${id} ${what}: anyone who handled it could have changed its contents. This is recorded in the snapshot.`;
}

/** What decides whether the proofs of a bundle can be verified here. */
export interface VerifiabilityRules {
  readonly openTrust: OpenProofTrust;
  /** Accepts documents that the maker did not verify. */
  readonly allowsUnsigned: boolean;
}

/**
 * The trust that a proof is verified with.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_KEY_UNKNOWN
 */
export function requireVerifiable(
  set: ProofSet,
  { openTrust, allowsUnsigned }: VerifiabilityRules,
): ProofTrust {
  const trust = openTrust(set);
  if (!set.verified && !allowsUnsigned) throw unverified(set);
  if (set.verified && !trust.verifies) throw noKeyring(set);
  return trust;
}

function unverified({ name, url }: ProofSet): JamError {
  return new JamError("JAM_METADATA_UNSIGNED", `The maker of the bundle did not verify ${name} (${url}).`, {
    hint: "Make it on a mirror that verifies its upstream. --allow-unsigned accepts it, with a warning; recorded in the snapshot.",
    details: { upstream: name, url },
  });
}

function noKeyring({ name, url }: ProofSet): JamError {
  return new JamError(
    "JAM_METADATA_KEY_UNKNOWN",
    `The settings contain keyring: none for ${name} (${url}), so its signature cannot be verified here.`,
    {
      hint: "Set `keyring: builtin`, or the file with the key of that upstream, under `upstreams` in jam.yaml.",
      details: { upstream: name, url },
    },
  );
}

/** A bundle dated in the future would make every later one look outdated. */
function refuseFuture({ id, createdAt }: BundleManifest, now: Date, allow: ReadonlySet<Allowance>): void {
  if (allow.has("future") || !isFarAhead(createdAt, now)) return;
  throw new JamError(
    "JAM_METADATA_FUTURE",
    `Bundle ${id} was made from a snapshot of ${formatLocalTime(createdAt)}, which is in the future.`,
    {
      hint: `Check this machine's clock (it shows ${formatLocalTime(now)}). If the clock is right and you trust the bundle, repeat the command with --allow future`,
      details: { bundle: id, createdAt, now: now.toISOString() },
    },
  );
}

/** True when the current snapshot came with a bundle that was made after this one. */
export function isOutdated({ createdAt }: BundleManifest, current: Snapshot | undefined): boolean {
  return current?.bundle !== undefined && Date.parse(createdAt) < Date.parse(current.bundle.createdAt);
}

function refuseOutdated(
  manifest: BundleManifest,
  current: Snapshot | undefined,
  allow: ReadonlySet<Allowance>,
): void {
  if (allow.has("rollback") || !isOutdated(manifest, current)) return;
  throw new JamError(
    "JAM_BUNDLE_OUTDATED",
    `Bundle ${manifest.id} was made from a snapshot of ${formatLocalTime(manifest.createdAt)}; this mirror shows bundle ${current?.bundle?.id} of ${formatLocalTime(current?.bundle?.createdAt ?? "an unknown time")}.`,
    {
      hint: `Import the newer bundle. To return to the older one, repeat the command with --allow rollback.${skewNote(manifest.createdAt, current?.bundle?.createdAt)}`,
      details: { bundle: manifest.id, createdAt: manifest.createdAt, shown: current?.bundle?.id ?? null },
    },
  );
}
