import { keptForFleet } from "../../mirror/running-versions.ts";
import { sumTarballBytes } from "../../juju/agent.ts";
import type { VolumeInput } from "../../medium/medium.ts";
import { refuseMassRemoval } from "../../metadata/guard.ts";
import { markDamage } from "../../mirror/rebuild-tree.ts";
import type { AgentsAndBytes } from "../../mirror/run-report.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { refuseOverfull } from "../../mirror/space.ts";
import { readUpstreamState } from "../../mirror/upstream-state.ts";
import { cancelled, type JamError } from "../../shared/errors.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { affectedBy, damagedBundle, describeAffected, malformedBundle } from "../format/bundle-faults.ts";
import {
  carriedContents,
  documentsOf,
  formatManifest,
  type BundledContent,
  type BundleManifest,
} from "../format/manifest.ts";
import { readVolumes, type OpenVolume } from "../read/read-volumes.ts";
import type { ArrivingSlice, VolumeHead } from "../read/volume-reader.ts";
import { FileSource } from "../read/file-source.ts";
import { acceptBundle } from "./accept-bundle.ts";
import { ContentReceiver, type Received } from "./content-receiver.ts";
import type { ImportRules, ImportWork } from "./import-work.ts";
import { notHeld } from "./missing.ts";
import {
  deleteRefused,
  isRefusal,
  namedContents,
  putPending,
  readPending,
  type PendingBundle,
} from "./pending-bundles.ts";
import type { ChannelTarget } from "./channel-target.ts";
import { acceptedHere, verifyProofs } from "./verify-proofs.ts";

/** What receiving works with. */
export interface ReceiverWork {
  readonly rules: ImportRules;
  readonly work: ImportWork;
  readonly current: Snapshot | undefined;
  /** The channel that is imported into; undefined for the mirror. */
  readonly target?: ChannelTarget | undefined;
}

/** A bundle whose volumes are being received. */
interface Arrival {
  readonly bundle: PendingBundle;
  readonly contents: ContentReceiver;
  /** Contents that became complete in this run. */
  readonly stored: Set<Sha256>;
  /** True when the documents prove every agent of the manifest; false until all documents are here. */
  isProven: boolean;
  /** Why it was refused after its manifest was accepted. */
  refusal?: JamError;
}

/** An input while it is read. */
interface ReadInput {
  readonly path: string;
  readonly source: FileSource | undefined;
  /** What threads copied of it and the progress knows of. */
  readonly copied: { bytes: number };
}

/**
 * Contents whose fate is not known yet while the next one is read: two threads copy, and the disk flushes what they have
 * copied.
 */
const SETTLING_AT_ONCE = 3;

/** Receives volumes, and records which bundles they belong to. */
export class VolumeReceiver {
  readonly #rules: ImportRules;
  readonly #work: ImportWork;
  readonly #current: Snapshot | undefined;
  readonly #target: ChannelTarget | undefined;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #refused = new Set<string>();
  /** Results by manifest and signature: the same for every volume of a bundle. */
  readonly #admitted = new Map<Sha256, Promise<Arrival>>();
  readonly #warnings = new Set<string>();

  constructor({ rules, work, current, target }: ReceiverWork) {
    this.#target = target;
    this.#rules = rules;
    this.#work = work;
    this.#current = current;
  }

  /** @throws JamError JAM_BUNDLE_…, JAM_SIGNATURE_…, JAM_SIGNER_UNKNOWN, JAM_STORE_…, JAM_MEDIUM_…, JAM_CANCELLED */
  async receive(input: VolumeInput): Promise<void> {
    let last: string | undefined;
    const file = await input.openAt?.();
    const source = file && new FileSource(file);
    const copied = { bytes: 0 };
    try {
      for await (const volume of readVolumes(this.#observed(input, source), source)) {
        last = volume.head.manifest.id;
        await this.#receiveVolume(volume, { path: input.name, source, copied });
      }
    } catch (error) {
      if (last !== undefined) this.#refused.add(last);
      throw error;
    } finally {
      await file?.close();
    }
  }

  /** True for a bundle of which a volume was refused in this run: this run does not publish it. */
  isRefused(id: string): boolean {
    return this.#refused.has(id);
  }

  bundles(): PendingBundle[] {
    return [...this.#arrivals.values()].map(({ bundle }) => bundle);
  }

  has(id: string): boolean {
    return this.#arrivals.has(id);
  }

  warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** The contents of a bundle that became complete in this run. */
  stored(id: string): ReadonlySet<Sha256> {
    return this.#arrivals.get(id)?.stored ?? new Set();
  }

  imported(): AgentsAndBytes & { readonly tarballs: number } {
    const counted = new Set<Sha256>();
    let [agents, bytes] = [0, 0];
    for (const { bundle, stored } of this.#arrivals.values()) {
      for (const row of bundle.manifest.catalogue) {
        if (!stored.has(row.sha256)) continue;
        agents += row.agents.length;
        if (!counted.has(row.sha256)) bytes += row.size;
        counted.add(row.sha256);
      }
    }
    return { agents, bytes, tarballs: counted.size };
  }

  async #receiveVolume(volume: OpenVolume, { path, source, copied }: ReadInput): Promise<void> {
    const arrival = await this.#admit(volume.name, volume.head);
    if (arrival.refusal !== undefined) throw arrival.refusal;
    const damaged: ArrivingSlice[] = [];
    const settling: Promise<void>[] = [];
    // The start of what is copied may have been read with what is before it, and is noted then.
    const onCopied = (bytes: number) => {
      const isNew = Math.min(bytes, (source?.skipped ?? 0) - copied.bytes);
      copied.bytes += isNew;
      this.#note(path, isNew);
    };
    try {
      for await (const arriving of volume.slices()) {
        if (arriving.slice.content.kind === "tarball") await this.#prove(arrival, settling);
        const settle = async (received: Received) => {
          const fate = await received.fate;
          if (fate === "damaged") damaged.push(arriving);
          else if (fate === "stored") arrival.stored.add(arriving.slice.content.sha256);
        };
        const settled = settle(await arrival.contents.read(arriving, onCopied));
        // Awaited below; until then a failure must not count as unhandled.
        settled.catch(() => undefined);
        settling.push(settled);
        if (settling.length > SETTLING_AT_ONCE) await settling.shift();
      }
    } finally {
      await Promise.allSettled(settling);
    }
    await Promise.all(settling);
    if (damaged.length > 0) throw describeDamage(volume, damaged);
  }

  /**
   * Verifies the proofs as soon as all documents are here, which come first: a bundle that they do not prove is refused
   * before its tarballs are read. Publishing verifies them again.
   */
  async #prove(arrival: Arrival, settling: readonly Promise<void>[]): Promise<void> {
    if (arrival.isProven) return;
    const { manifest } = arrival.bundle;
    const { store } = this.#work;
    if ((await notHeld(store, documentsOf(manifest))).length > 0) return;
    try {
      const { documents } = store;
      const state = await readUpstreamState(documents, this.#current);
      const known = acceptedHere(this.#rules, { state, current: this.#current, target: this.#target });
      await verifyProofs(manifest, { ...this.#work, ...this.#rules, documents, ...known });
      arrival.isProven = true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      arrival.refusal = error;
      // What is stored after the note is written would not be in it.
      await Promise.allSettled(settling);
      await deleteRefused(arrival.bundle, arrival.stored, this.#work);
      throw error;
    }
  }

  /** The bundle of a volume, accepted and recorded before anything of it is stored. */
  async #admit(name: string, head: VolumeHead): Promise<Arrival> {
    // The hash in an id is too short to identify a manifest, and does not cover the signature.
    const key = sha256Of(`${sha256Of(head.manifestBytes)} ${head.signature ?? ""}`);
    const answer = this.#admitted.get(key) ?? this.#accept(name, head);
    this.#admitted.set(key, answer);
    return answer;
  }

  async #accept(name: string, head: VolumeHead): Promise<Arrival> {
    const { documents } = this.#work.store;
    const { manifest } = head;
    const { bundle, warning } = await acceptBundle(head, name, {
      rules: this.#rules,
      work: this.#work,
      current: this.#current,
      target: this.#target,
    });
    const known = this.#arrivals.get(manifest.id);
    if (known !== undefined) return sameArrival(known, name, head);
    await this.#refuseMassRemoval(manifest);
    const missing = await notHeld(this.#work.store, carriedContents(manifest));
    await this.#refuseOverfull(head, missing);
    // A tarball that the mirror lists and has not: trees may link what is left of it.
    await markDamage(this.#work.store, missing, this.#rules.retention);
    if (warning !== undefined) this.warn(warning);
    if (this.#target === undefined && manifest.channel !== undefined) this.warn(intoMirror(manifest));
    await putPending(documents, bundle);
    const contents = new ContentReceiver(this.#work.store, manifest.id, namedContents(bundle));
    const arrival: Arrival = { bundle, contents, stored: new Set<Sha256>(), isProven: false };
    this.#arrivals.set(manifest.id, arrival);
    return arrival;
  }

  /** If another bundle may be published before this one, only publishing can tell how many agents are removed. */
  async #refuseMassRemoval({ id, scope, catalogue }: BundleManifest): Promise<void> {
    if (scope !== "mirror" || this.#arrivals.size > 0) return;
    const pending = await readPending(this.#work.store.documents);
    if (pending.some(({ manifest }) => manifest.id !== id)) return;
    const { allow, retention, running, onUpstreamRemoval } = this.#rules;
    // What upstream withdrew stays listed; the documents, which publishing reads, say which agents these are.
    if (onUpstreamRemoval === "keep") return;
    const isKept = keptForFleet(running);
    refuseMassRemoval({
      names: new Set(catalogue.flatMap(({ agents }) => agents)),
      listed: this.#current?.agents ?? [],
      isRead: (agent) => !isKept(agent),
      maxRemoval: retention.maxRemoval,
      allow,
      lister: "bundle",
    });
  }

  /** Before anything is stored: counts what still has to arrive, and what is listed after publishing. */
  async #refuseOverfull({ manifest }: VolumeHead, missing: readonly BundledContent[]): Promise<void> {
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    const staying = manifest.scope === "mirror" ? [] : (this.#current?.agents ?? []);
    const total = sumTarballBytes([...manifest.catalogue, ...staying]);
    const hint = "Free some space (jam prune), or make a smaller bundle.";
    const { quota } = this.#rules.retention;
    await refuseOverfull(this.#work.store, { what: "This bundle", bytes, total, hint }, quota);
  }

  /** Warns once, while the import runs and in the report. */
  warn(message: string): void {
    if (this.#warnings.has(message)) return;
    this.#warnings.add(message);
    this.#work.observe({ kind: "warning", message });
  }

  #observed(input: VolumeInput, source: FileSource | undefined): VolumeInput {
    const note = (bytes: number) => this.#note(input.name, bytes);
    return {
      ...input,
      async *open() {
        for await (const piece of source?.bytes() ?? input.open()) {
          note(piece.length);
          yield piece;
        }
      },
    };
  }

  #note(path: string, bytes: number): void {
    const { observe, signal } = this.#work;
    if (signal.aborted) throw cancelled("received data is kept");
    observe({ kind: "item-bytes", path, bytes });
  }
}

/** The bundle that arrived before under this id, if it is the same. */
function sameArrival(known: Arrival, name: string, { manifest }: VolumeHead): Arrival {
  if (Buffer.compare(formatManifest(known.bundle.manifest), formatManifest(manifest)) === 0) return known;
  throw malformedBundle(name, `another bundle with the id ${manifest.id} arrived before it`);
}

function describeDamage({ name, head }: OpenVolume, damaged: readonly ArrivingSlice[]): JamError {
  const contents = new Set(damaged.map(({ slice }) => slice.content.sha256));
  const affected = affectedBy(head.manifest, contents);
  return damagedBundle(name, `${describeAffected(affected)}: its bytes do not match the manifest`, {
    number: head.label.number,
    bundle: head.manifest.id,
    ...affected,
    contents: [...contents],
  });
}

/** A bundle of a channel that goes into the mirror, where it may remove what the channel never had. */
function intoMirror({ id, scope, channel }: BundleManifest): string {
  const name = channel?.name ?? "";
  const effect =
    scope === "mirror" ? "the mirror lists only what that channel lists" : "it adds to the mirror";
  return `Bundle ${id} was made from the channel ${name}, and goes into the mirror here: ${effect}. To import it into a channel instead, add ${shellCommand`--channel ${name}`}.`;
}
