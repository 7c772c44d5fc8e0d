import type { ChannelsDocument } from "../channel/channel-documents.ts";
import { basename } from "node:path";
import type { SyncReport } from "../mirror/run-report.ts";

/** Removes from texts what only the operator of this machine should see. */
export type HideLocal = (text: string) => string;

/**
 * Removes user names and passwords of URLs, and shortens the paths of this machine to their last part: `…/data`.
 * @param folders absolute paths that occur in texts, such as the data directory
 */
export function hideLocal(folders: readonly string[]): HideLocal {
  const longestFirst = [...new Set(folders)]
    .filter((one) => one.length > 1)
    .toSorted((a, b) => b.length - a.length)
    .map((folder) => ({
      // Not the end of a longer path, nor a part of a URL.
      pattern: new RegExp(String.raw`(?<![\w:/.…~-])${RegExp.escape(folder)}(?![\w-])`, "g"),
      shown: `…/${basename(folder)}`.replaceAll("$", "$$$$"),
    }));
  return (text) => {
    let shown = text.replaceAll(CREDENTIALS, "$1");
    for (const folder of longestFirst) shown = shown.replaceAll(folder.pattern, folder.shown);
    return shown.replaceAll(FILE_URL, "file:…/$1").replaceAll(LOCAL_PATH, "…/$1");
  };
}

/** A password may have an @ in it, so everything up to the last one before the path counts. */
const CREDENTIALS = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi;
const FILE_URL = /file:\/\/(?:[^\s/"'`]*\/)+([^\s/"'`]*)/gi;
/** An absolute path of two parts or more that does not belong to a URL. */
const LOCAL_PATH = /(?<![\w:/.…~-])\/(?:[^\s/"'`()]+\/)+([^\s/"'`(),;:]*)/g;

/** A run's report as anybody may see it. */
export function publicReport(report: SyncReport, hide: HideLocal): SyncReport {
  const { upstream, warnings, failed, error } = report;
  return {
    ...report,
    upstream: upstream === null ? null : hide(upstream),
    failed: failed.map((one) => ({ ...one, message: hide(one.message) })),
    warnings: warnings.map(hide),
    ...(error === undefined
      ? {}
      : {
          error: {
            ...error,
            message: hide(error.message),
            ...(error.hint === undefined ? {} : { hint: hide(error.hint) }),
          },
        }),
  };
}

function anonymous(restrictions: ChannelsDocument["channels"][number]["held"]) {
  return restrictions.map((one) => ({ ...one, who: "" }));
}

/** Who held or withdrew something is the operator's business; why and when is everybody's. */
export function publicChannels({ channels }: ChannelsDocument): ChannelsDocument {
  return {
    channels: channels.map((one) => ({
      ...one,
      held: anonymous(one.held),
      withdrawn: anonymous(one.withdrawn),
    })),
  };
}
