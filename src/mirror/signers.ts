import { isJamError, type JamError } from "../shared/errors.ts";
import { formatFingerprints } from "../shared/signature.ts";
import type { UpstreamState } from "./upstream-state.ts";

/** An upstream as the memory of signers knows it. */
interface NamedUpstream {
  readonly name: string;
  readonly url: string;
}

/** Fingerprints of the keys that signed these documents, each once. */
export function signersOf(documents: Iterable<{ readonly signedBy?: string }>): string[] {
  return [...new Set([...documents].flatMap(({ signedBy }) => signedBy ?? []))].sort();
}

/**
 * Who signed what was last accepted of this upstream; none where nothing is known. Where the memory does not name the
 * upstream, the one that comes first is compared with what the mirror rests on.
 */
export function signersBefore(
  state: UpstreamState,
  { name, url }: NamedUpstream,
  isFirst: boolean,
): readonly string[] {
  const noted = state.signers?.get(name);
  if (noted !== undefined) return noted;
  return signersOf(state.further.get(url) ?? (isFirst ? state.documents.values() : []));
}

/** The memory with who signs these upstreams; one that is not verified now stays as it was. */
export function rememberSigners(
  before: UpstreamState["signers"],
  now: readonly {
    readonly source: Pick<NamedUpstream, "name">;
    readonly signers: readonly string[];
  }[],
): NonNullable<UpstreamState["signers"]> {
  const signers = new Map(before);
  for (const { source, signers: by } of now) if (by.length > 0) signers.set(source.name, by);
  return signers;
}

/** What to say where an upstream is signed by a key that did not sign it before; undefined where nothing has changed. */
export function describeNewSigner(
  { name, verifies }: Pick<NamedUpstream, "name"> & { readonly verifies: boolean },
  before: readonly string[],
  now: readonly string[],
): string | undefined {
  if (before.length === 0) return undefined;
  const until = `until now it was signed by ${formatFingerprints(before)}`;
  if (!verifies) return `The signature of ${name} is no longer verified; ${until}.`;
  const fresh = now.filter((fingerprint) => !before.includes(fingerprint));
  if (fresh.length === 0) return undefined;
  return `The signer of ${name} has changed: it is signed by ${formatFingerprints(fresh)}; ${until}. The new key is trusted here. If its operator did not announce it, ask before the next upgrade.`;
}

/** The error of a document with an unknown or bad signature, with who signed it before. */
export function withSignersBefore(error: unknown, before: readonly string[]): unknown {
  const isAboutSigner = isJamError(
    error,
    "JAM_METADATA_KEY_UNKNOWN",
    "JAM_METADATA_SIGNATURE_INVALID",
    "JAM_METADATA_UNSIGNED",
  );
  return isAboutSigner && before.length > 0 ? describeBefore(error, before) : error;
}

function describeBefore(error: JamError, before: readonly string[]): JamError {
  const told = `Until now it was signed by ${formatFingerprints(before)}.`;
  return error.with({
    hint: error.hint === undefined ? told : `${error.hint} ${told}`,
    details: { signedBefore: before },
  });
}
