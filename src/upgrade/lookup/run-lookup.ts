import { formatAgentName } from "../../juju/agent.ts";
import { compareVersions, type JujuVersion } from "../../juju/version.ts";
import type { Cloud } from "../../juju/metadata-search/mirrors-document.ts";
import { type LookupFault, lookupRulesOf } from "../../juju/metadata-search/rules.ts";
import type { LookupReader, LookupSource } from "./lookup-source.ts";
import type { LookupRun, MirrorsSeen, LookupStep } from "./read-document.ts";
import { scopeOf, type LookupScope, type LookupQuery } from "../../juju/metadata-search/scope.ts";
import { searchPass, type PassResult, type StreamAnswer, type StreamQuery } from "./search-source.ts";

/** A look-up as one release of Juju makes it. */
export interface LookupQuestion extends LookupQuery {
  readonly cloud: Cloud;
  /** In the order in which Juju asks them. */
  readonly sources: readonly LookupSource[];
}

/** An agent that a look-up found. */
export interface FoundAgent {
  /** `3.6.5-ubuntu-amd64`. */
  readonly name: string;
  readonly version: JujuVersion;
  readonly release: string;
  readonly arch: string;
  /** Where Juju would fetch the tarball. */
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  /** The first stream that lists it. */
  readonly stream: string;
}

/** How one stream was answered. */
export interface StreamResult extends Partial<StreamAnswer> {
  readonly stream: string;
  /** Agents that this stream added. */
  readonly agents: number;
  readonly result: "found" | LookupFault["fault"];
}

/** The result of a look-up. */
export interface LookupResult {
  readonly rules: string;
  readonly scope: LookupScope;
  readonly steps: readonly LookupStep[];
  readonly streams: readonly StreamResult[];
  /** The newest first. */
  readonly found: readonly FoundAgent[];
  readonly outcome: "found" | "not-found" | "failed" | "panic";
  /** Juju's own words where nothing is there, else what went wrong; absent when something was found. */
  readonly message?: string;
  readonly mirrors: MirrorsSeen;
}

/**
 * The look-up of one release of Juju: every stream of its list in every source, signed before unsigned, until a
 * source answers. Agents of all streams are joined; a failure other than "not found" ends the whole.
 * Source: juju environs/tools/tools.go FindToolsForCloud (2.8.5, 2.9.42, 3.6.11), FindTools (1.25).
 */
export async function lookUpAgents(question: LookupQuestion, reader: LookupReader): Promise<LookupResult> {
  const rules = lookupRulesOf(question.client);
  const scope = scopeOf(question, rules);
  const mirrors = { followed: new Set<string>(), otherRegions: new Set<string>() };
  const run: LookupRun = { rules, reader, steps: [], mirrors };
  const found = new Map<string, FoundAgent>();
  const streams: StreamResult[] = [];
  for (const stream of scope.streams) {
    const { productIds, releases } = scope;
    const { filter, cloud } = question;
    const query = { contentId: scope.contentIdOf(stream), productIds, releases, filter, cloud };
    const pass = await searchSources(run, question.sources, stream, query);
    const before = found.size;
    for (const item of pass.items) addAgent(found, item, stream);
    streams.push({
      stream,
      ...pass.answer,
      agents: found.size - before,
      result: pass.fault?.fault ?? "found",
    });
    if (pass.fault !== undefined && endsAll(pass.fault)) {
      return { ...shared(), found: [], ...ended(pass.fault, run.steps) };
    }
  }
  if (found.size > 0) return { ...shared(), found: sorted([...found.values()]), outcome: "found" };
  const isListed = streams.length === 0 || streams.some(({ result }) => result !== "not-found");
  return {
    ...shared(),
    found: [],
    outcome: "not-found",
    message: isListed ? rules.words.noMatch : rules.words.noIndex,
  };

  function shared() {
    return { rules: rules.name, scope, steps: run.steps, streams, mirrors };
  }
}

/**
 * The first source without a failure is used; otherwise the failure of the last one is the result.
 * Source: juju environs/simplestreams GetMetadata.
 */
async function searchSources(
  run: LookupRun,
  sources: readonly LookupSource[],
  stream: string,
  query: StreamQuery,
): Promise<PassResult> {
  const fault: LookupFault = { fault: "no-match", reason: "there is no source" };
  let last: PassResult = { items: [], fault, answer: undefined };
  for (const source of sources) {
    for (const isSigned of [true, false]) {
      if (!isSigned && source.requiresSigned) continue;
      last = await searchPass(run, { source, stream, isSigned }, query);
      if (last.fault === undefined || last.fault.fault === "panic") return last;
    }
  }
  return last;
}

function addAgent(found: Map<string, FoundAgent>, item: PassResult["items"][number], stream: string): void {
  const { number, release, arch, url, size, sha256 } = item;
  const name = formatAgentName({ version: number, release, arch });
  if (!found.has(name)) found.set(name, { name, version: number, release, arch, url, size, sha256, stream });
}

function endsAll({ fault }: LookupFault): boolean {
  return fault !== "not-found" && fault !== "no-match";
}

function ended(
  { fault, reason }: LookupFault,
  steps: readonly LookupStep[],
): Pick<LookupResult, "outcome" | "message"> {
  const url = steps.at(-1)?.url ?? "";
  return { outcome: fault === "panic" ? "panic" : "failed", message: `${url}: ${reason}` };
}

function sorted(agents: readonly FoundAgent[]): readonly FoundAgent[] {
  return agents.toSorted((a, b) => compareVersions(b.version, a.version) || (a.name < b.name ? -1 : 1));
}
