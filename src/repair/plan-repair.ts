import type { VerifyFinding } from "../verify/verify-document.ts";

/** What a repair does about a kind of finding; `fetch` needs a place that has it. */
const ACTIONS: Readonly<Record<string, { readonly how: string; readonly isFetched?: true }>> = {
  "snapshot-missing": { how: "copy it", isFetched: true },
  "snapshot-damaged": { how: "copy it or its catalogue", isFetched: true },
  "snapshot-altered": { how: "copy it", isFetched: true },
  "snapshot-unreadable": { how: "copy it or its catalogue", isFetched: true },
  "proof-missing": { how: "fetch it", isFetched: true },
  "proof-altered": { how: "fetch it", isFetched: true },
  "tarball-missing": { how: "fetch it", isFetched: true },
  "tarball-truncated": { how: "put it aside and fetch it", isFetched: true },
  "tarball-altered": { how: "put it aside and fetch it", isFetched: true },
  "tree-missing": { how: "build the published tree again" },
  "tree-file-missing": { how: "build the published tree again" },
  "tree-file-altered": { how: "build the published tree again" },
  "tree-file-extra": { how: "build the published tree again" },
  "state-damaged": { how: "put it aside in quarantine/" },
  "history-damaged": { how: "put it aside in quarantine/" },
};

/** A finding with what a repair would do about it; undefined where it does nothing. */
export function planFinding(finding: VerifyFinding, sources: readonly string[]): VerifyFinding | undefined {
  if (finding.repair !== undefined) return finding;
  const action = ACTIONS[finding.kind];
  if (action === undefined) return undefined;
  if (action.isFetched !== true) return { ...finding, repair: action.how };
  if (sources.length === 0) return undefined;
  return { ...finding, repair: `${action.how} from ${sources.join(" or ")}` };
}

/** What a repair could not bring from the places that were asked: the same command again would find the same. */
export function withOtherPlace(finding: VerifyFinding): VerifyFinding {
  if (ACTIONS[finding.kind]?.isFetched !== true) return finding;
  return { ...finding, next: "jam repair --from PLACE: another mirror, a backup or a bundle that has it" };
}
