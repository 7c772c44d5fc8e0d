import type { Upstream } from "../upstream/source.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { formatCount, nameSome } from "../shared/listed.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { selectAgents } from "../juju/select.ts";
import type { SelectRule } from "../juju/select-rule.ts";
import { type AssessInput, unverified, type ChosenUpstream, type SourceFailure } from "./choose-upstream.ts";
import { acceptedOf } from "../mirror/upstream-state.ts";
import { readMetadata, type UpstreamMetadata } from "../metadata/read-metadata.ts";
import { evaluateRules } from "./evaluate-rules.ts";

/** An upstream that lists what the ones before it do not. */
export interface FurtherUpstream {
  readonly source: Upstream;
  readonly metadata: UpstreamMetadata;
  /** What is used of it. */
  readonly agents: readonly Agent[];
}

export interface OtherOffers {
  /** In order of preference; those without an offer are left out. */
  readonly further: readonly FurtherUpstream[];
  /** Held agents that no upstream lists now, but that an upstream that cannot be read may still list. */
  readonly staying: readonly Agent[];
  /** Those that could be read, whether they list anything that is wanted or not. */
  readonly answered: readonly Upstream[];
  /** Those that could not, with those that failed before. */
  readonly failures: readonly SourceFailure[];
  readonly warnings: readonly string[];
}

/** What is not listed so far. */
interface Missing {
  /** Parts of rules that take nothing. */
  readonly rules: readonly SelectRule[];
  /** Names of agents that plans ask for. */
  readonly names: ReadonlySet<string>;
  readonly reasons: readonly string[];
}

/**
 * Asks the next upstreams, one after the other, for what the rules and plans name and the chosen one does not list.
 * Nothing else of them is used: the order of preference is kept. `wantsStream` says which streams are read.
 * @throws JamError JAM_CANCELLED
 */
export async function askOthers(
  input: AssessInput,
  { chosen, own }: { readonly chosen: ChosenUpstream; readonly own: readonly Agent[] },
  wantsStream: (stream: string) => boolean,
): Promise<OtherOffers> {
  const further: FurtherUpstream[] = [];
  const warnings: string[] = [];
  const answered: Upstream[] = [];
  const failures: SourceFailure[] = [...chosen.failures];
  let known = own;
  let before = chosen.source.name;
  const missingNow = (agents = known, more: readonly UpstreamMetadata[] = []) =>
    missingIn(input, agents, [chosen.metadata, ...further.map(({ metadata }) => metadata), ...more]);
  for (const source of input.sources) {
    if (source === chosen.source || failures.some((failure) => failure.source === source)) continue;
    const missing = missingNow();
    if (isNothing(missing)) break;
    try {
      const metadata = await readFurther(input, source, wantsStream);
      answered.push(source);
      const [unreadable] = metadata.unreadable;
      if (unreadable !== undefined) failures.push({ source, error: unreadable.error });
      const offered = buildCatalogue(metadata.products).agents;
      const agents = pickAll(offered, missing, { known, missingNow: (all) => missingNow(all, [metadata]) });
      if (agents.length === 0) continue;
      warnings.push(...missing.reasons.map((reason) => `${before}: ${reason}`));
      warnings.push(describeOffer(source, agents), ...metadata.warnings, ...unverified(source));
      further.push({ source, metadata, agents });
      known = [...known, ...agents];
      before = source.name;
    } catch (error) {
      if (input.signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
      failures.push({ source, error: toJamError(error) });
      warnings.push(
        `${source.name} could not be asked for what ${before} does not list: ${toJamError(error).message}`,
      );
    }
  }
  const staying = failures.length === 0 ? [] : pick(input.current?.agents ?? [], missingNow(), known);
  if (staying.length > 0) {
    const names = failures.map(({ source }) => source.name).join(", ");
    warnings.push(`Unchanged: ${formatCount(staying.length, "agent")} that only ${names} may list.`);
  }
  return { further, staying, answered, failures, warnings };
}

function missingIn(
  input: AssessInput,
  known: readonly Agent[],
  metadata: readonly UpstreamMetadata[],
): Missing {
  const listed = new Set(known.map(formatAgentName));
  const asked = input.wishes === undefined ? input.kept.agents : [...input.wishes.agents.keys()];
  const names = new Set(asked.filter((name) => !listed.has(name)));
  if (input.wishes !== undefined) return { rules: [], names, reasons: describeNames(names) };
  const gaps = evaluateRules(known, metadata, input.rules).flatMap((report) => report.gaps);
  return {
    rules: gaps.flatMap(({ wants }) => wants),
    names,
    reasons: [
      ...gaps.flatMap(({ message, wants }) => (wants.length > 0 ? [message] : [])),
      ...describeNames(names),
    ],
  };
}

function describeNames(names: ReadonlySet<string>): string[] {
  if (names.size === 0) return [];
  return [`${nameSome([...names], 4)}, which a plan asks for: not listed.`];
}

function isNothing({ rules, names }: Missing): boolean {
  return rules.length === 0 && names.size === 0;
}

/** Of these agents those that are missing; no known agent is replaced, and no path gets a second content. */
function pick(agents: readonly Agent[], { rules, names }: Missing, known: readonly Agent[]): Agent[] {
  const taken = new Set(known.map(formatAgentName));
  const paths = new Map(known.map(({ path, sha256 }) => [path, sha256]));
  return selectAgents(agents, { select: rules, deny: [] }).flatMap((verdict) => {
    const { agent } = verdict;
    const name = formatAgentName(agent);
    if (taken.has(name) || (paths.get(agent.path) ?? agent.sha256) !== agent.sha256) return [];
    return verdict.taken || names.has(name) ? [agent] : [];
  });
}

/**
 * Of these agents those that are missing, and those that are missing because of them: with the first architecture of a new
 * version, the others of that version are wanted as well.
 */
function pickAll(
  offered: readonly Agent[],
  missing: Missing,
  {
    known,
    missingNow,
  }: { readonly known: readonly Agent[]; readonly missingNow: (known: readonly Agent[]) => Missing },
): Agent[] {
  const picked: Agent[] = [];
  for (let wanted = missing; ; wanted = missingNow([...known, ...picked])) {
    const more = pick(offered, wanted, [...known, ...picked]);
    if (more.length === 0) return picked;
    picked.push(...more);
  }
}

/** Its metadata, compared with what was accepted of this upstream before. */
function readFurther(
  input: AssessInput,
  source: Upstream,
  wantsStream: (stream: string) => boolean,
): Promise<UpstreamMetadata> {
  return readMetadata({
    ...input,
    source,
    accepted: acceptedOf(input.state, source) ?? new Map(),
    documents: input.store.documents,
    wants: (_entry, stream) => wantsStream(stream),
  });
}

function describeOffer(source: Upstream, agents: readonly Agent[]): string {
  return `${source.name} (${source.url}) lists it: jam takes ${formatCount(agents.length, "agent")} from there, ${nameSome(agents.map(formatAgentName), 4)}.`;
}
