import { formatAgentName, sumTarballBytes } from "../../juju/agent.ts";
import { defined } from "../../shared/collections.ts";
import type { VolumeInput } from "../../medium/medium.ts";
import { pruneStore } from "../../mirror/prune.ts";
import { readBaseline } from "../../mirror/read-snapshots.ts";
import { recordRun } from "../../mirror/record-run.ts";
import type { AgentsAndBytes, FailedItem } from "../../mirror/run-report.ts";
import { withdrawDamaged } from "../../mirror/settle-damage.ts";
import { isVerified, type Snapshot } from "../../mirror/snapshot.ts";
import { isOfFamily, reportError, toJamError, type JamError } from "../../shared/errors.ts";
import { cutLists } from "../../shared/listed.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import { shownScope } from "../format/manifest.ts";
import { sortInputs } from "../read/read-volumes.ts";
import {
  historyOf,
  IMPORT_LISTS,
  neededPlaces,
  type ImportedBundle,
  type ImportedChannel,
  type ImportReport,
  type ImportRules,
  type ImportWork,
  type MissingContent,
  type VolumeFault,
} from "./import-work.ts";
import { importedHead } from "../../channel/imported-history.ts";
import { readStanding } from "../../channel/move-channel.ts";
import { readTarget } from "./channel-target.ts";
import { publishReadyBundles, type PublishResult, type PublishRun } from "./publish-ready-bundles.ts";
import { VolumeReceiver } from "./receive-volumes.ts";

/**
 * Imports bundles. Every volume is read once, in any order; every content is verified before it counts, and complete
 * contents are kept. A bundle is published in one step when everything that it lists is here. An interrupted import
 * resumes when it is run again.
 * @throws JamError JAM_BUNDLE_…, JAM_SIGNATURE_…, JAM_SIGNER_UNKNOWN, JAM_METADATA_…, JAM_STORE_…, JAM_MEDIUM_…, JAM_CANCELLED
 */
export async function importBundles(
  inputs: readonly VolumeInput[],
  rules: ImportRules,
  work: ImportWork,
): Promise<ImportReport> {
  let receiver: VolumeReceiver | undefined;
  const { result } = await recordRun({
    ...work,
    command: "jam bundle import",
    async act(signal) {
      const target = work.channel && (await readTarget(work.store, work.channel));
      const mirror = await readBaseline(work.store, MIRROR_REF);
      const { current, damage } =
        target === undefined ? mirror : { current: target.state.current, damage: undefined };
      if (damage !== undefined) work.observe({ kind: "warning", message: damage, isUrgent: true });
      await withdrawDamaged(work.store, { ...rules, now: work.now(), signal });
      receiver = new VolumeReceiver({ rules, work: { ...work, signal }, current, target });
      const isDamaged = damage !== undefined;
      const before = mirror.current;
      const run = { receiver, current, target, before, isDamaged, rules, work: { ...work, signal } };
      return runImport(inputs, run);
    },
    reportOf: historyOf,
    received() {
      const { agents = 0, bytes = 0 } = receiver?.imported() ?? {};
      return { agents, bytes };
    },
  });
  return result;
}

async function runImport(inputs: readonly VolumeInput[], run: PublishRun): Promise<ImportReport> {
  const { current, receiver, rules, work } = run;
  const { volumes, others } = await sortInputs(inputs);
  for (const { name } of others) receiver.warn(`${name} is not a volume of a bundle and was skipped.`);
  const faults = await receiveAll(volumes, receiver, work);
  const closed = await publishReadyBundles(run);
  // Where everything was refused, nothing changes.
  if (faults.errors.length === 0 || closed.published.length > 0) await work.afterPublish?.();
  if (closed.published.length > 0) {
    work.observe({ kind: "phase", phase: "prune" });
    await pruneStore(work.store, rules.retention, work.now());
  }
  return summarize({ current, receiver, closed, faults, channel: await describeTarget(run) });
}

async function describeTarget({ target, work: { store } }: PublishRun): Promise<ImportedChannel | undefined> {
  if (target === undefined) return undefined;
  const { history } = await readStanding(store, target.name);
  const isMade = history.length > 0 && target.channel === undefined;
  return { name: target.name, created: isMade, head: importedHead(history) ?? null };
}

/** Inputs that could not be used. */
interface ReceiveFaults {
  readonly errors: readonly JamError[];
  readonly faults: readonly VolumeFault[];
}

/** Reads every input. One that cannot be used does not stop the others, except for a full disk or a cancelled run. */
async function receiveAll(
  inputs: readonly VolumeInput[],
  receiver: VolumeReceiver,
  { observe, signal }: ImportWork,
): Promise<ReceiveFaults> {
  const errors: JamError[] = [];
  const faults: VolumeFault[] = [];
  observe({ kind: "phase", phase: "read" });
  const bytes = inputs.reduce((sum, { size }) => sum + (size ?? 0), 0);
  observe({ kind: "planned", items: inputs.length, bytes });
  for (const input of inputs) {
    observe({ kind: "item-started", path: input.name, size: input.size ?? 0, received: 0 });
    try {
      await receiver.receive(input);
      observe({ kind: "item-done", path: input.name, size: input.size ?? 0 });
    } catch (cause) {
      const error = toJamError(cause);
      if (signal.aborted || isOfThisSide(error)) throw error;
      // A bundle that is not trusted is refused for each volume, and reported once.
      if (errors.includes(error)) continue;
      const message = error.message.startsWith(`${input.name}: `)
        ? error.message.slice(input.name.length + 2)
        : error.message;
      // The report tells the first one, or it is the error that ends the run.
      const isTold = errors.length === 0;
      observe({
        kind: "item-failed",
        path: input.name,
        code: error.code,
        message,
        ...(isTold && { isTold }),
      });
      errors.push(error);
      faults.push({ volume: input.name, error: reportError(error) });
    }
  }
  return { errors, faults };
}

function summarize(run: {
  readonly current: Snapshot | undefined;
  readonly receiver: VolumeReceiver;
  readonly closed: PublishResult;
  readonly faults: ReceiveFaults;
  readonly channel: ImportedChannel | undefined;
}): ImportReport {
  const { current, receiver, closed, faults, channel } = run;
  const [firstError] = faults.errors;
  const missing = closed.waiting.flatMap(({ missing }) => missing);
  // A refusal must not look like a success, and what was published in addition must not look like a failure.
  if (firstError !== undefined && closed.published.length === 0)
    throw ofVolume(firstError, faults.faults[0]?.volume ?? "", missing);
  const failed: FailedItem[] = closed.published.flatMap((published) => published.failed);
  const isWhole = missing.length === 0 && failed.length === 0 && faults.errors.length === 0;
  const snapshot = closed.snapshot;
  const { tarballs, ...imported } = receiver.imported();
  const report: ImportReport = {
    outcome: !isWhole ? "partial" : snapshot?.id === current?.id ? "unchanged" : "updated",
    snapshot: snapshot?.id ?? null,
    ...defined({ channel }),
    imported,
    ...defined({ reused: findReused(closed, receiver) }),
    missing: missing.map((content) => cutLists(content, ["agents", "volumes"])),
    needed: neededPlaces(missing),
    bundles: [...receiver.bundles()].map(({ manifest, signedBy }) => ({
      id: manifest.id,
      createdAt: manifest.createdAt,
      scope: shownScope(manifest),
      signedBy,
      state: stateOf(manifest.id, closed, receiver),
    })),
    removed: closed.published.flatMap(({ removed }) => removed),
    added: closed.added,
    failed,
    faults: faults.faults,
    warnings: [...receiver.warnings(), ...closed.warnings],
    upstream: snapshot?.upstream.url ?? null,
    verified: snapshot !== undefined && isVerified(snapshot),
    held: closed.held,
    tarballs: { imported: tarballs, held: closed.tarballs },
  };
  return cutLists(report, IMPORT_LISTS);
}

/** What was published from bytes that an earlier run had received, or that other agents share. */
function findReused(
  { snapshot, added }: PublishResult,
  receiver: VolumeReceiver,
): AgentsAndBytes | undefined {
  const names = new Set(added);
  const stored = new Set(receiver.bundles().flatMap(({ manifest }) => [...receiver.stored(manifest.id)]));
  const reused = (snapshot?.agents ?? []).filter(
    (agent) => names.has(formatAgentName(agent)) && !stored.has(agent.sha256),
  );
  return reused.length === 0 ? undefined : { agents: reused.length, bytes: sumTarballBytes(reused) };
}

function stateOf(id: string, { waiting }: PublishResult, receiver: VolumeReceiver): ImportedBundle["state"] {
  if (receiver.isRefused(id)) return "refused";
  return waiting.some(({ bundle }) => bundle.manifest.id === id) ? "waiting" : "published";
}

/** A failure that another medium would not solve. */
function isOfThisSide(error: JamError): boolean {
  return isOfFamily(error, "cancelled", "internal", "store");
}

/** The error with the volume that it is about, and with what is missing now. */
function ofVolume(error: JamError, volume: string, missing: readonly MissingContent[]): JamError {
  const prefix = error.message.includes(volume) ? "" : `${volume}: `;
  return error.with({ prefix, details: { missing: missing.slice(0, 100) } });
}
