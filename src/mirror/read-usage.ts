import { listStreams, type Agent } from "../juju/agent.ts";
import { compareTexts } from "../shared/collections.ts";
import { toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { readCachedBlobs } from "./cached-blobs.ts";
import { agentsOfPage, readPage } from "./catalogue.ts";
import { minorOf } from "./catalogue-page.ts";
import { distinctTarballs, type TarballContent } from "./contents.ts";
import { hashesOfGone, readGone } from "./gone-upstream.ts";
import { readStaged } from "./kept-data.ts";
import { hashesOfAlarms, readAlarms } from "./path-alarms.ts";
import { readPins } from "./pins.ts";
import { listSnapshotIds, readHeader } from "./read-snapshots.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";
import { snapshotIdOf } from "./snapshot.ts";
import type { UsageDocument, UsageShare } from "./usage-document.ts";

/**
 * What the tarballs of a mirror need, and who shares them: what `jam du -o json` prints.
 * @throws JamError JAM_STORE_…
 */
export async function readUsage(
  store: Pick<Store, "blobs" | "documents" | "refs" | "space">,
): Promise<UsageDocument> {
  const { headers, damaged } = await readEveryHeader(store);
  const groups = {
    streams: new Shares(),
    versions: new Shares(),
    arches: new Shares(),
    snapshots: new Shares(),
    refs: new Shares(),
  } satisfies Record<TableName, Shares>;
  const refs = Map.groupBy(await store.refs.list(), ({ target }) => snapshotIdOf(target));
  for (const { users, agents } of await readPages(store, headers, damaged)) {
    for (const agent of agents) {
      for (const stream of listStreams(agent)) groups.streams.add(stream, agent);
      groups.versions.add(minorOf(agent.version) || agent.version, agent);
      groups.arches.add(agent.arch, agent);
    }
    const tarballs = distinctTarballs(agents);
    for (const id of users) {
      groups.snapshots.addAll(id, tarballs);
      for (const { name } of refs.get(id) ?? []) groups.refs.addAll(name, tarballs);
    }
  }
  return {
    ...(await readAmounts(store, groups.snapshots)),
    freeBytes: (await store.space?.().catch(() => null)) ?? null,
    streams: groups.streams.rows(),
    versions: groups.versions.rows(byNumbers),
    arches: groups.arches.rows(),
    snapshots: groups.snapshots.rows((a, b) => compareTexts(b, a)),
    refs: groups.refs.rows(),
    shared: {
      streams: groups.streams.sharedBytes(),
      versions: groups.versions.sharedBytes(),
      arches: groups.arches.sharedBytes(),
      snapshots: groups.snapshots.sharedBytes(),
      refs: groups.refs.sharedBytes(),
    },
    damaged: [...damaged],
  };
}

/** The lists of a document that divide its tarballs. */
type TableName = keyof UsageDocument["shared"];

async function readEveryHeader({ documents }: Pick<Store, "documents">) {
  const headers: SnapshotHeader[] = [];
  const damaged = new Set<string>();
  for (const id of await listSnapshotIds(documents)) {
    const header = await readHeader({ documents }, id).catch(() => "damaged" as const);
    if (header === "damaged") damaged.add(id);
    else if (header !== undefined) headers.push(header);
  }
  return { headers, damaged };
}

/** Agents that one or several snapshots list together. */
interface SharedAgents {
  /** Ids of the snapshots. */
  readonly users: readonly string[];
  readonly agents: readonly Agent[];
}

/** Every page once, with the snapshots that name it. A page that cannot be read makes its snapshots `damaged`. */
async function readPages(
  { documents }: Pick<Store, "documents">,
  headers: readonly SnapshotHeader[],
  damaged: Set<string>,
): Promise<SharedAgents[]> {
  const found: SharedAgents[] = [];
  const named = headers.flatMap(({ id, catalogue }) => {
    if ("pages" in catalogue) return catalogue.pages.map((page) => ({ id, page }));
    found.push({ users: [id], agents: catalogue.agents });
    return [];
  });
  for (const uses of Map.groupBy(named, ({ page }) => page.sha256).values()) {
    const [first] = uses;
    const users = uses.map(({ id }) => id);
    if (first === undefined) continue;
    try {
      const agents = await agentsOfPage(first.id, first.page, (page) => readPage(documents, page));
      found.push({ users, agents });
    } catch (error) {
      if (toJamError(error).code !== "JAM_STORE_CORRUPT") throw error;
      for (const id of users) damaged.add(id);
    }
  }
  return found;
}

type Amount = { -readonly [K in keyof UsageDocument["total"]]: number };

/** Reasons to keep what no snapshot lists, the first one that fits counts. */
const REASONS = ["withdrawn", "alarms", "waiting", "cached"] as const;

async function readAmounts(
  { blobs, documents }: Pick<Store, "blobs" | "documents">,
  listed: Shares,
): Promise<Omit<UsageDocument, "freeBytes" | "shared" | "damaged" | TableName>> {
  const kept = {
    withdrawn: hashesOfGone(await readGone(documents)),
    alarms: new Set(hashesOfAlarms(await readAlarms(documents))),
    waiting: await readPins(documents),
    cached: await readCachedBlobs(documents),
  };
  const sums = { total: none(), listed: none(), unlisted: none() };
  const byReason = { withdrawn: none(), alarms: none(), waiting: none(), cached: none() };
  const also = { withdrawn: none(), alarms: none() };
  const absent = new Map(listed.tarballs());
  for await (const { sha256, size } of blobs.list()) {
    add(sums.total, size);
    if (absent.delete(sha256)) {
      add(sums.listed, size);
      for (const reason of ["withdrawn", "alarms"] as const)
        if (kept[reason].has(sha256)) add(also[reason], size);
      continue;
    }
    const reason = REASONS.find((one) => kept[one].has(sha256));
    add(reason === undefined ? sums.unlisted : byReason[reason], size);
  }
  const missing = none();
  for (const size of absent.values()) add(missing, size);
  return {
    ...sums,
    ...byReason,
    withdrawn: { ...byReason.withdrawn, listed: also.withdrawn },
    alarms: { ...byReason.alarms, listed: also.alarms },
    missing,
    partial: await readStaged({ blobs }),
    quarantine:
      blobs.quarantined === undefined ? { files: 0, bytes: 0 } : await blobs.quarantined().catch(() => null),
  };
}

function none(): Amount {
  return { tarballs: 0, bytes: 0 };
}

function add(sum: Amount, bytes: number): void {
  sum.tarballs += 1;
  sum.bytes += bytes;
}

/** Who has which tarballs. */
class Shares {
  readonly #owners = new Map<string, Map<Sha256, number>>();

  add(owner: string, { sha256, size }: TarballContent): void {
    this.#of(owner).set(sha256, size);
  }

  addAll(owner: string, tarballs: readonly TarballContent[]): void {
    const own = this.#of(owner);
    for (const { sha256, size } of tarballs) own.set(sha256, size);
  }

  /** Every tarball of any owner with its size. */
  tarballs(): Map<Sha256, number> {
    return new Map([...this.#owners.values()].flatMap((own) => [...own]));
  }

  rows(order: (a: string, b: string) => number = compareTexts): UsageShare[] {
    const owners = this.#countOwners();
    return [...this.#owners]
      .sort(([a], [b]) => order(a, b))
      .map(([name, own]) => {
        let [bytes, unique] = [0, 0];
        for (const [sha256, size] of own) {
          bytes += size;
          if (owners.get(sha256) === 1) unique += size;
        }
        return { name, tarballs: own.size, bytes, unique };
      });
  }

  /** Bytes of what has several owners. */
  sharedBytes(): number {
    const owners = this.#countOwners();
    let bytes = 0;
    for (const [sha256, size] of this.tarballs()) if ((owners.get(sha256) ?? 0) > 1) bytes += size;
    return bytes;
  }

  #countOwners(): ReadonlyMap<Sha256, number> {
    const owners = new Map<Sha256, number>();
    for (const own of this.#owners.values())
      for (const sha256 of own.keys()) owners.set(sha256, (owners.get(sha256) ?? 0) + 1);
    return owners;
  }

  #of(owner: string): Map<Sha256, number> {
    const own = this.#owners.get(owner) ?? new Map<Sha256, number>();
    this.#owners.set(owner, own);
    return own;
  }
}

/** `2.9` before `2.10`. */
function byNumbers(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  const [major = 0, minor = 0] = left;
  const [otherMajor = 0, otherMinor = 0] = right;
  return major - otherMajor || minor - otherMinor || compareTexts(a, b);
}
