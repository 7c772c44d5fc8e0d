import type { AgentChoice } from "../../../bundle/create/choose-agents.ts";
import type { BundleOrder } from "../../../bundle/create/plan-bundle.ts";
import { readSiteInventory, type SiteInventory } from "../../../bundle/site/site-inventory.ts";
import type { Config } from "../../../config/config.ts";
import { adviceOf } from "../../../mirror/knowledge.ts";
import { listSnapshotIds, readSnapshot, requireCurrentSnapshot } from "../../../mirror/read-snapshots.ts";
import type { Snapshot } from "../../../mirror/snapshot.ts";
import { JamError } from "../../../shared/errors.ts";
import type { Store } from "../../../store/store.ts";
import type { CommandContext } from "../../command.ts";
import { readChannelAdvice } from "../../upstream-agents.ts";
import { readInputFile } from "../../input/input-files.ts";
import { defined } from "../../../shared/collections.ts";

/** The flags that select what a bundle contains. */
export interface ChoiceFlags {
  readonly have?: string;
  readonly site?: string;
  readonly since?: string;
  readonly plan?: string;
  readonly versions?: string;
  readonly stream?: readonly string[];
  readonly arch?: readonly string[];
  readonly os?: readonly string[];
  readonly series?: readonly string[];
  readonly keep?: number;
  readonly snapshot?: string;
  readonly allowPartial?: true;
  readonly allowUnsigned?: true;
}

interface OrderSource {
  readonly config: Config;
  readonly store: Store;
  readonly flags: ChoiceFlags;
}

/**
 * The bundle that the flags describe.
 * @throws JamError JAM_USAGE_INVALID, JAM_MIRROR_EMPTY, JAM_SNAPSHOT_NOT_FOUND, JAM_SITE_NOT_FOUND, JAM_PLAN_INVALID,
 *   JAM_INVENTORY_INVALID, JAM_RECEIPT_INVALID, JAM_SIGNATURE_…
 */
export async function readOrder(context: CommandContext, source: OrderSource): Promise<BundleOrder> {
  const { config, flags } = source;
  refuseBoth(flags, "have", "site");
  const have = await readFarSide(context, source);
  const since =
    flags.since === undefined ? undefined : await requireSnapshot(source.store, flags.since, "--since");
  return {
    snapshot: await chosenSnapshot(source),
    choice: await readChoice(context, flags),
    ...defined({
      have,
      since,
      channel: await readChannelAdvice(config),
      history: await readCarried(source),
    }),
    advice: await adviceOf(source.store.documents, config.advice),
    allowsPartial: flags.allowPartial === true,
  };
}

/** What happened in the channel of `--channel`. */
async function readCarried({ config, store }: OrderSource): Promise<BundleOrder["history"]> {
  const { ref } = config.store;
  if (ref === undefined) return undefined;
  const { readHistory } = await import("../../../channel/history.ts");
  return { name: ref, history: await readHistory(store, ref) };
}

function refuseBoth(flags: ChoiceFlags, one: keyof ChoiceFlags, other: keyof ChoiceFlags): void {
  if (flags[one] === undefined || flags[other] === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", `--${one} and --${other} cannot be combined.`, {
    hint: `Give one of --${one} and --${other}.`,
  });
}

async function readFarSide(
  context: CommandContext,
  { config, store, flags }: OrderSource,
): Promise<SiteInventory | undefined> {
  if (flags.site !== undefined) {
    const { inventoryOfSite } = await import("../../../bundle/site/sites.ts");
    return inventoryOfSite(store.documents, flags.site);
  }
  if (flags.have === undefined) return undefined;
  const { openKeys } = await import("../../../compose/store.ts");
  const keys = await openKeys(config);
  const have = await readSiteInventory(await readInputFile(context, flags.have, "--have"), {
    verify: (text, name) => keys.verifyClearsigned(text, name),
    allowUnsigned: flags.allowUnsigned === true,
  });
  if (have.fleet !== undefined) {
    await context.output.note(
      "This is the inventory of a fleet, not of a mirror: the bundle carries every tarball for the fleet's architectures and versions.",
    );
  }
  return have;
}

async function chosenSnapshot({ config, store, flags }: OrderSource): Promise<Snapshot> {
  if (flags.snapshot !== undefined) return requireSnapshot(store, flags.snapshot, "--snapshot");
  return requireCurrentSnapshot(store, config.data);
}

async function requireSnapshot(store: Store, id: string, flag: string): Promise<Snapshot> {
  const snapshot = /^[0-9A-Za-z][0-9A-Za-z.-]{0,99}$/.test(id) ? await readSnapshot(store, id) : undefined;
  if (snapshot !== undefined) return snapshot;
  const kept = await listSnapshotIds(store.documents);
  throw new JamError("JAM_SNAPSHOT_NOT_FOUND", `${flag}: there is no snapshot ${id} in this mirror.`, {
    hint: `Snapshots here: ${kept.slice(-5).join(", ") || "none"}.`,
    details: { snapshot: id, kept },
  });
}

async function readChoice(context: CommandContext, flags: ChoiceFlags): Promise<AgentChoice> {
  const plan = flags.plan === undefined ? undefined : await readPlan(context, flags.plan);
  const { versions, arch, os, series, keep } = flags;
  const isRule = [versions, flags.stream, arch, os, series, keep].some((flag) => flag !== undefined);
  const rule = {
    streams: flags.stream ?? ["*"],
    // What is here was selected before, including pre-releases.
    prereleases: true,
    ...defined({ versions, arch, os, series, keep }),
  };
  return { ...defined({ plan }), ...(isRule ? { rule } : {}) };
}

async function readPlan(context: CommandContext, file: string): Promise<NonNullable<AgentChoice["plan"]>> {
  const { parsePlan } = await import("../../../upgrade/plan/plan-document.ts");
  const { wishesOf } = await import("../../../upgrade/plan/plan-document.ts");
  const plan = parsePlan(await readInputFile(context, file, "--plan"));
  const { wishes, unobtainable } = wishesOf(plan);
  if (unobtainable.length > 0) {
    await context.output.note(`Not listed when the plan was made: ${unobtainable.join(", ")}.`);
  }
  const hops = plan.hops.map(({ from, to }) => `${from} → ${to}`);
  return { name: `the plan ${[...new Set(hops)].slice(0, 4).join(", ") || file}`, wishes };
}
