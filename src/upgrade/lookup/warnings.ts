import type { LookupResult } from "./run-lookup.ts";
import { OFFICIAL_URL, type LookupPlace } from "./lookup-source.ts";
import type { ReadInquiry } from "./read-inquiry.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { lookupRulesOf } from "../../juju/metadata-search/rules.ts";
import type { LookupStep } from "./read-document.ts";

/** A trap, and what to do about it. */
export interface LookupWarning {
  readonly code:
    | "falls-through"
    | "mirrors-elsewhere"
    | "metadata-status"
    | "metadata-unreadable"
    | "signature-not-trusted"
    | "source-unreachable"
    | "tarball-encoding"
    | "tarball-missing"
    | "tarball-redirect"
    | "tarball-size"
    | "tarball-type";
  readonly message: string;
  readonly remedy: string;
}

interface Context {
  readonly inquiry: ReadInquiry;
  readonly place: LookupPlace;
}

/** The traps of a look-up, but for those of the tarballs. */
export function warningsOf(result: LookupResult, context: Context): LookupWarning[] {
  return [
    ...fallThrough(result, context),
    ...mirrors(result),
    ...troubled(result.steps, "signature", ({ url, note }) => ({
      code: "signature-not-trusted",
      message: `${url} is skipped: ${note}.`,
      remedy: "Leave signed metadata out where Juju's own key did not sign it: only a 404 costs nothing.",
    })),
    ...troubled(result.steps, "status", ({ url, status }) => ({
      code: "metadata-status",
      message: `${url} answers with status ${status}.`,
      remedy:
        "Let the web server answer 404 for what is not there; Juju treats other statuses as errors or hides them.",
    })),
    ...troubled(result.steps, "unreadable", ({ url, note }) => ({
      code: "metadata-unreadable",
      message: `Juju cannot use ${url}: ${note}.`,
      remedy: "Publish the document again, as `jam sync` does; Juju skips the whole document.",
    })),
    ...troubled(result.steps, "unreachable", ({ url, note }) => ({
      code: "source-unreachable",
      message: `${url}: ${note}.`,
      remedy: "Check address, name, proxy and certificate from the machine that Juju runs on.",
    })),
  ];
}

/** One warning for each source and pass. */
function troubled(
  steps: readonly LookupStep[],
  trouble: LookupStep["trouble"],
  describe: (step: LookupStep) => LookupWarning,
): LookupWarning[] {
  const first = new Map<string, LookupStep>();
  for (const step of steps) {
    const key = `${step.source} ${step.signed} ${step.document} ${step.url}`;
    if (step.trouble === trouble && !first.has(key)) first.set(key, step);
  }
  return [...first.values()].map(describe);
}

function fallThrough(result: LookupResult, { inquiry, place }: Context): LookupWarning[] {
  const unsent = result.steps.filter(({ sent, url }) => !sent && url.startsWith(OFFICIAL_URL));
  const streams = [...new Set(unsent.map(({ stream }) => stream))];
  if (streams.length === 0) return [];
  if (place.url === undefined) {
    const message = `The folder has no tools/: Juju skips it and asks ${OFFICIAL_URL}.`;
    return [{ code: "falls-through", message, remedy: "Name the folder that holds tools/streams/v1." }];
  }
  const isStrict = lookupRulesOf(inquiry.client).failures === "strict";
  const listed = result.streams.filter(({ agents }) => agents > 0).map(({ stream }) => stream);
  const message = `For ${streams.join(", ")} Juju continues at ${OFFICIAL_URL}.`;
  if (result.outcome === "found") {
    const remedy = `Set agent-stream to ${listed[0] ?? "released"} to keep it here, or publish what it asks for.`;
    return [{ code: "falls-through", message: `${message} Here it still finds an agent.`, remedy }];
  }
  const how = isStrict
    ? "Without the internet the command fails there, after three tries each."
    : "Without the internet that counts as not found.";
  return [{ code: "falls-through", message: `${message} ${how}`, remedy: remedyOf(place) }];
}

function remedyOf({ channel }: LookupPlace): string {
  return channel === undefined
    ? FETCH
    : `Promote the agent (\`${shellCommand`jam explain --channel ${channel}`} AGENT\` shows what brings it to the channel), or set agent-stream to a stream that lists it here.`;
}

const FETCH =
  "Mirror the agent (`jam explain <agent>` shows why it is not), or set agent-stream to a stream that lists it here.";

function mirrors({ mirrors: seen, steps }: LookupResult): LookupWarning[] {
  const remedy = "Answer 404 for streams/v1/mirrors.json and .sjson: a mirror publishes neither.";
  const warnings = [...seen.followed].map((url): LookupWarning => {
    const isAsked = steps.some((step) => step.source === "mirror" && step.url.startsWith(url) && step.sent);
    const unasked = isAsked ? "" : " It was not asked here.";
    return {
      code: "mirrors-elsewhere",
      message: `mirrors.json sends this model to ${url}.${unasked}`,
      remedy,
    };
  });
  if (seen.otherRegions.size > 0) {
    const message = `mirrors.json sends models of other clouds elsewhere: ${[...seen.otherRegions].join(", ")}.`;
    warnings.push({ code: "mirrors-elsewhere", message, remedy });
  }
  return warnings;
}
