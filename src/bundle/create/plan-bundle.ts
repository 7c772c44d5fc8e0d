import type { CarriedHistory } from "../../channel/imported-history.ts";
import { readAgentPlace } from "../../juju/fold-agents.ts";
import { adviseInChannel, type ChannelAdvice } from "../../upgrade/channel-hint.ts";
import { formatAgentName, type Agent } from "../../juju/agent.ts";
import type { Advice } from "../../juju/knowledge/knowledge.ts";
import { hashesOf } from "../../mirror/contents.ts";
import { readSnapshots } from "../../mirror/read-snapshots.ts";
import { proofsOf, type Snapshot } from "../../mirror/snapshot.ts";
import { JamError } from "../../shared/errors.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { Store } from "../../store/store.ts";
import { MAX_LINE, toLine } from "../format/fields.ts";
import {
  contentsOf,
  nameManifest,
  type Baseline,
  type BundleManifest,
  type CatalogueRow,
  type MissingAgent,
} from "../format/manifest.ts";
import { collectProofs } from "../proofs.ts";
import { baselineOf, type SiteInventory } from "../site/site-inventory.ts";
import { chooseAgents, type AgentChoice, type ChosenAgents } from "./choose-agents.ts";

/** What a bundle is made from. */
export interface BundleOrder {
  readonly snapshot: Snapshot;
  readonly choice: AgentChoice;
  /** What the far side has; absent, it has nothing. */
  readonly have?: SiteInventory;
  /** Everything that this earlier snapshot lists counts as present on the far side. */
  readonly since?: Snapshot;
  readonly advice: readonly Advice[];
  /** Leaves out what is missing here, and records that in the bundle. Default false: then it is an error. */
  readonly allowsPartial?: boolean;
  /** Tarballs that were found damaged while they were read. */
  readonly damaged?: ReadonlySet<Sha256>;
  /** Present when the snapshot is what a channel shows. */
  readonly channel?: ChannelAdvice;
  /** The history of that channel, which the bundle carries. */
  readonly history?: CarriedHistory;
}

/** The part of a store that planning needs. */
export type PlanningStore = Pick<Store, "documents"> & { readonly blobs: Pick<Store["blobs"], "stat"> };

/**
 * Decides what a bundle contains, requires and proves. Reads no tarball and writes nothing: also the dry run.
 * @throws JamError JAM_BUNDLE_INCOMPLETE naming what is missing, JAM_USAGE_INVALID when nothing was chosen
 */
export async function planBundle(order: BundleOrder, store: PlanningStore): Promise<BundleManifest> {
  const { snapshot } = order;
  const choice = { ...order.choice, ...(order.have?.fleet === undefined ? {} : { fleet: order.have.fleet }) };
  const chosen = chooseAgents(snapshot.agents, choice, order.channel?.view.name);
  const earlier = (await readSnapshots(store)).filter(({ id }) => id !== snapshot.id).reverse();
  const candidates = [snapshot, ...earlier].flatMap(proofsOf);
  const proofs = await collectProofs(store.documents, candidates, chosen.agents);
  const isHeldThere = farSideTest(order);
  const missing = [
    ...chosen.absent,
    ...proofs.unproven.map((agent) => missingAgent(agent, "no stored document of upstream lists it")),
    ...(await unheld(chosen.agents, order, { store, isHeldThere })),
  ];
  if (missing.length > 0 && order.allowsPartial !== true) throw incomplete(missing, chosen, order.channel);
  const left = new Set(missing.map(({ agent }) => agent));
  const agents = chosen.agents.filter((agent) => !left.has(formatAgentName(agent)));
  if (agents.length === 0 || proofs.sets.length === 0) throw nothingChosen(chosen.description, missing);
  const content = { proofs: proofs.sets, catalogue: catalogueOf(agents) };
  return nameManifest({
    createdAt: snapshot.createdAt,
    snapshot: snapshot.id,
    // What is left out must not be removed on the far side.
    scope: missing.length > 0 ? "selection" : chosen.scope,
    selection: toLine(chosen.description, MAX_LINE),
    ...content,
    baseline: baselinesOf(contentsOf(content), order),
    missing: missing.toSorted((a, b) => (a.agent < b.agent ? -1 : 1)),
    advice: order.advice.map(({ origin: _origin, ...one }) => ({
      ...one,
      reason: toLine(one.reason, MAX_LINE),
    })),
    ...(order.history && { channel: order.history }),
  });
}

function farSideTest({ have, since }: BundleOrder): (sha256: Sha256) => boolean {
  const listed = hashesOf(since === undefined ? [] : [since]);
  return (sha256) => listed.has(sha256) || have?.isHeld(sha256) === true;
}

/** What the far side is missing and is missing here, too. */
async function unheld(
  agents: readonly Agent[],
  order: BundleOrder,
  { store, isHeldThere }: { store: PlanningStore; isHeldThere: (sha256: Sha256) => boolean },
): Promise<MissingAgent[]> {
  const missing: MissingAgent[] = [];
  const needed = agents.filter(({ sha256 }) => !isHeldThere(sha256));
  const stats = await mapConcurrently(needed, ({ sha256 }) => store.blobs.stat(sha256));
  for (const [at, agent] of needed.entries()) {
    const stat = stats[at];
    if (stat === undefined) missing.push(missingAgent(agent, "its tarball is missing"));
    else if (stat.size !== agent.size)
      missing.push(
        missingAgent(agent, `its tarball is damaged: ${stat.size} bytes instead of ${agent.size}`),
      );
    else if (order.damaged?.has(agent.sha256) === true)
      missing.push(missingAgent(agent, "its tarball is damaged: its bytes have changed"));
  }
  return missing;
}

function missingAgent(agent: Agent, reason: string): MissingAgent {
  return { agent: formatAgentName(agent), reason };
}

/** Rows by path; agents by name. */
function catalogueOf(agents: readonly Agent[]): CatalogueRow[] {
  const rows = [...Map.groupBy(agents, ({ path }) => path)].map(([path, group]) => {
    const { size, sha256 } = group[0] as Agent;
    return { path, size, sha256, agents: group.map(formatAgentName).sort() };
  });
  return rows.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function baselinesOf(
  contents: readonly { readonly sha256: Sha256 }[],
  { have, since }: BundleOrder,
): Baseline[] {
  const all = [...new Set(contents.map(({ sha256 }) => sha256))];
  const known = all.filter((sha256) => have?.isHeld(sha256) === true);
  const baselines = have === undefined ? [] : baselineOf(known, have);
  if (since === undefined) return baselines;
  const listed = hashesOf([since]);
  const isKnown = new Set(known);
  const contentsSince = all.filter((sha256) => listed.has(sha256) && !isKnown.has(sha256)).sort();
  return contentsSince.length === 0
    ? baselines
    : [...baselines, { snapshot: since.id, contents: contentsSince }];
}

function incomplete(
  missing: readonly MissingAgent[],
  { absent }: Pick<ChosenAgents, "absent">,
  channel: ChannelAdvice | undefined,
): JamError {
  const [first] = missing;
  const outside = channel === undefined ? [] : absent.map(({ agent }) => readAgentPlace(agent));
  const next =
    channel === undefined || outside.length === 0
      ? "Run `jam sync` (for a plan: jam sync --plan FILE) and make the bundle again."
      : `${adviseInChannel(channel, outside).join(" ")} After that make the bundle again.`;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  return new JamError(
    "JAM_BUNDLE_INCOMPLETE",
    `The bundle would be incomplete: ${first?.agent}: ${first?.reason}${more}.`,
    {
      hint: `${next} --allow-partial leaves them out; the bundle records it.`,
      details: { missing },
    },
  );
}

function nothingChosen(description: string, missing: readonly MissingAgent[]): JamError {
  return new JamError("JAM_USAGE_INVALID", `The bundle would be empty. Selected: ${description}.`, {
    hint: "`jam list` shows the agents of this mirror; select more of them.",
    details: { missing },
  });
}
