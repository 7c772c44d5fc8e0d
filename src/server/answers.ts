import type { ChannelRules } from "../channel/channels.ts";
import { readGap } from "../channel/gap.ts";
import { requireShown as requireShownChannel } from "../channel/compare.ts";
import { listChannels } from "../channel/list-channels.ts";
import { listSites, openDeltaSizes } from "../bundle/site/list-sites.ts";
import type { Advice } from "../juju/knowledge/knowledge.ts";
import { parseMirrorUrl } from "../juju/mirror-url.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import { explainNamed } from "../mirror/explain-agents.ts";
import type { ExplainDocument } from "../mirror/explain-document.ts";
import { listDamaged } from "../mirror/damaged-list.ts";
import { knowledgeOf } from "../mirror/knowledge.ts";
import { listAgents, type ListedMirror } from "../mirror/list-agents.ts";
import type { ChannelView } from "../mirror/channel-view.ts";
import { readHeldAs } from "../mirror/held-as.ts";
import { readShown } from "../mirror/read-shown.ts";
import { readReports } from "../mirror/run-report.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { StatusDocument } from "../mirror/status-document.ts";
import { throughRef } from "../mirror/through-ref.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Store } from "../store/store.ts";
import { adviseOn } from "../upgrade/advise-on.ts";
import { channelAdviceOf, type ChannelAdvice } from "../upgrade/channel-hint.ts";
import { readFleet } from "../upgrade/fleet/read-fleet.ts";
import {
  createKnownReader,
  findUsableAgents,
  type KnownAgents,
  type KnownCache,
} from "../upgrade/known-agents.ts";
import { planFrom } from "../upgrade/plan/make-plan.ts";
import { readPlanParameters } from "../upgrade/plan/parameters.ts";
import { parsePlan, type PlanDocument } from "../upgrade/plan/plan-document.ts";
import { judgeReadiness, type ReadyInput } from "../upgrade/ready/ready.ts";
import { publicStatus } from "./api/status.ts";
import { hideLocal, publicChannels, publicReport } from "./public-view.ts";
import type { InChannel, Page, PlanQuery, QueryInputs, QueryName } from "./queries.ts";

/** What answers each query of the API: the document that the command prints, as anybody may see it. */
export type QueryAnswers = {
  readonly [Name in QueryName]: (input: QueryInputs[Name]) => Promise<object>;
};

/** What the answers rest on. */
export interface AnswerSources {
  readonly store: Pick<Store, "blobs" | "documents" | "refs">;
  readonly readStatus: (wanted: InChannel & { readonly runs: number }) => Promise<StatusDocument>;
  readonly rules: SelectionRules;
  /** The channels of jam.yaml. */
  readonly channels: readonly ChannelRules[];
  readonly isOffline: boolean;
  /** Present in cache mode. */
  readonly cache?: KnownCache | undefined;
  /** Present for answers about a channel: what could come to it. */
  readonly readChannel?: (() => Promise<ChannelView>) | undefined;
  /** The advice of jam.yaml. */
  readonly advice: readonly Advice[];
  /** This mirror as controllers see it, where a query does not say it. */
  readonly toolsUrl: string;
  /** Absolute paths that nobody else should see, such as the data directory. */
  readonly folders: readonly string[];
}

/** The sources, with what is known of versions. */
interface Known extends AnswerSources {
  readonly readKnown: () => Promise<KnownAgents>;
}

const BODY = "The request's body";

/**
 * Answers from a mirror, without any request. What is read stays in memory until a sync or an import changes it. Some
 * answers take seconds of computing: a server does that in a thread.
 */
export function createAnswers(sources: AnswerSources): QueryAnswers {
  const { store, channels } = sources;
  const mirror = answersOf(sources);
  const byChannel = new Map<string, QueryAnswers>();
  const within = async ({ channel = MIRROR_REF }: InChannel): Promise<QueryAnswers> => {
    if (channel === MIRROR_REF) return mirror;
    const ref = await requireShownChannel(store, channels, channel);
    const toolsUrl = sources.toolsUrl.replace(/\/tools$/, `/channel/${ref}/tools`);
    const known =
      byChannel.get(ref) ??
      answersOf({
        ...sources,
        store: throughRef(store, ref),
        toolsUrl,
        cache: undefined,
        readChannel: () => readGap({ store, settings: channels, now: () => new Date() }, ref),
      });
    byChannel.set(ref, known);
    return known;
  };
  return {
    ...mirror,
    agents: async (input) => (await within(input)).agents(input),
    status: async (input) => (await within(input)).status(input),
    sites: async (input) => (await within(input)).sites(input),
    explain: async (input) => (await within(input)).explain(input),
    plan: async (input) => (await within(input)).plan(input),
    ready: async (input) => (await within(input)).ready(input),
  };
}

/** Answers about what the ref of the store shows. */
function answersOf(sources: AnswerSources): QueryAnswers {
  const { store, advice } = sources;
  const known: Known = { ...sources, readKnown: createKnownReader({ ...store, cache: sources.cache }) };
  const hide = hideLocal(sources.folders);
  return {
    status: async (input) => publicStatus(await sources.readStatus(input), hide),
    runs: async ({ runs }) => {
      const { reports } = await readReports(store.documents, runs);
      return { runs: reports.map((report) => publicReport(report, hide)) };
    },
    channels: async () => publicChannels(await listChannels(store, sources.channels)),
    agents: async ({ offset, limit, ...wanted }) => {
      const damaged = await listDamaged(store.documents);
      const listed = await readListed(known);
      return pageOf(listAgents(listed, wanted, damaged), { offset, limit });
    },
    explain: async ({ agent, ...page }) => pageOf(await explain(agent, known), page),
    plan: (query) => plan(query, known),
    ready: async ({ plan: wanted, confirm }) =>
      judgeReadiness({
        plan:
          typeof wanted === "string" ? parsePlan({ name: BODY, text: wanted }) : await plan(wanted, known),
        ...(await readServed(known)),
        blobs: store.blobs,
        damaged: await listDamaged(store.documents),
        channel: await channelOf(known, await known.readKnown()),
        knowledge: await knowledgeOf(store.documents, advice),
        isDeep: false,
        confirmed: confirm,
        now: () => new Date(),
        signal: new AbortController().signal,
      }),
    sites: async (page) => {
      // Anybody may ask, so the key that signs bundles is not touched: sizes are those without a signature.
      const sizes = await openDeltaSizes(store, { advice, signer: undefined });
      return listSites(store, sizes, page);
    },
  };
}

async function explain(
  name: string,
  { rules, isOffline, readKnown, readChannel }: Known,
): Promise<ExplainDocument> {
  const { held } = await readKnown();
  const channel = await readChannel?.();
  const advise = () => adviseOn({ word: name }, { rules, isOffline, channel }, readKnown);
  return explainNamed(name, { held, upstream: undefined, source: "none", rules, advise, channel });
}

/** For answers about a channel: how agents get there that it does not list. */
async function channelOf(
  { rules, isOffline, readChannel }: Known,
  { held, upstream }: Pick<KnownAgents, "held" | "upstream">,
): Promise<ChannelAdvice | undefined> {
  return channelAdviceOf({ held, upstream, rules, isOffline, channel: await readChannel?.() });
}

async function plan(query: PlanQuery, sources: Known): Promise<PlanDocument> {
  const { store, rules, advice, toolsUrl, readKnown } = sources;
  const known = await readKnown();
  const wish = readPlanParameters(query.parameters, {
    hasFleet: query.fleet !== undefined,
    known: {
      held: known.held.map(({ version }) => version),
      upstream: (known.upstream ?? []).map(({ version }) => version),
    },
    nameOf: (field) => (field === "fleet" ? "a body" : field),
    example: "GET /api/v1/plan?from=2.9.10&to=3.6, or POST /api/v1/plan?to=3.6 with what juju status printed",
  });
  const fleet = query.fleet === undefined ? undefined : readFleet([{ name: BODY, text: query.fleet }]);
  const ask = query.held ? "held" : "never";
  const channel = await channelOf(sources, known);
  const made = planFrom(wish, {
    fleet,
    known: await findUsableAgents(known, {
      streams: wish.streams,
      ask,
      deny: rules.deny,
      channel: channel?.view,
    }),
    channel,
    knowledge: await knowledgeOf(store.documents, advice),
    select: rules.select,
    mirror: parseMirrorUrl(query.url ?? toolsUrl, "url"),
    now: new Date(),
  });
  return wish.notes.length === 0 ? made : { ...made, warnings: [...wish.notes, ...made.warnings] };
}

/** The message names no folder: that is the operator's business. */
async function requireShown({ readKnown }: Known): Promise<Snapshot> {
  const { snapshot } = await readKnown();
  if (snapshot !== undefined) return snapshot;
  throw new JamError("JAM_MIRROR_EMPTY", "Nothing has been published yet.", {
    hint: "Run `jam sync` on the machine that holds this mirror.",
  });
}

/** What is held, with the number of agents that are only offered. */
async function readListed(known: Known): Promise<ListedMirror> {
  const { store, cache } = known;
  if (cache === undefined) return requireShown(known);
  const { id } = await requireShown(known);
  const shown = await readShown(store, cache, cache.now());
  return {
    id,
    agents: shown.held,
    heldAs: await readHeldAs(store.documents, shown),
    offered: shown.missing,
    hidden: shown.hidden,
  };
}

/** What clients can get here; in cache mode also what is offered and not held. */
async function readServed(known: Known): Promise<Pick<ReadyInput, "snapshot" | "upstream">> {
  const { store, cache } = known;
  if (cache === undefined) return { snapshot: await requireShown(known) };
  const { id } = await requireShown(known);
  const { held, missing, upstream } = await readShown(store, cache, cache.now());
  return { snapshot: { id, agents: [...held, ...missing] }, upstream };
}

/** The rows that were asked for; `omitted` counts all others. */
function pageOf(document: { readonly agents: readonly unknown[] }, { offset, limit }: Page): object {
  const agents = document.agents.slice(offset, offset + limit);
  const omitted = document.agents.length - agents.length;
  return omitted === 0 ? document : { ...document, agents, omitted: { agents: omitted } };
}
