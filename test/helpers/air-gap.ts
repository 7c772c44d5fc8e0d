/**
 * Two sides of an air gap, as operators set them up: an online mirror that is synced, a far one that is empty and
 * offline, each with a key that the other trusts.
 *
 * ```ts
 * await using gap = await airGap(upstream);
 * await gap.done("near", "bundle", "create", "--to", gap.medium, "--volume-size", "200KiB");
 * const { imported } = await gap.json<ImportedDocument>("far", "bundle", "import", gap.medium);
 * ```
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeys } from "../../src/compose/store.ts";
import type { ConfigFile } from "../../src/config/schema.ts";
import type { Finished } from "./jam-process.ts";
import { temporaryMirror, type TestMirror } from "./mirror.ts";
import type { TestUpstream } from "./upstream.ts";

export interface AirGap extends AsyncDisposable {
  readonly near: TestMirror;
  readonly far: TestMirror;
  /** A folder between the two; it is there, and empty. */
  readonly medium: string;
  /** Runs the command on one side, in this process; it must end well. */
  done(side: "near" | "far", ...args: string[]): Promise<Finished>;
  /** As `done`, with the one JSON document that it prints. */
  json<T>(side: "near" | "far", ...args: string[]): Promise<T>;
}

/** What `jam bundle create -o json` prints. */
export interface CreatedDocument {
  readonly bundle: {
    readonly id: string;
    readonly volumes: readonly { readonly path: string; readonly size: number; readonly sha256: string }[];
    readonly agents: number;
    readonly bytes: number;
  };
}

/** What `jam bundle import -o json` prints. */
export interface ImportedDocument {
  readonly outcome: "updated" | "unchanged" | "partial";
  readonly snapshot: string | null;
  readonly imported: { readonly agents: number; readonly bytes: number };
  readonly missing: readonly {
    readonly sha256: string;
    readonly agents: readonly string[];
    readonly bundle?: string;
    readonly volumes?: readonly number[];
  }[];
}

function keysOf({ folder, data }: TestMirror) {
  return openKeys({ data, keys: join(folder, "jam-keys") });
}

/** Sets both sides up; the near one is synced. Each side's folder holds its key for the other as `public.asc`. */
export async function airGap(
  upstream: Pick<TestUpstream, "url" | "tree">,
  settings: { readonly near?: ConfigFile; readonly far?: ConfigFile; readonly syncs?: boolean } = {},
): Promise<AirGap> {
  const near = await temporaryMirror(upstream, settings.near);
  const far = await temporaryMirror(upstream, { mode: "offline", site: "plant-7", ...settings.far });
  const medium = await mkdtemp(join(tmpdir(), "jam-medium-"));
  const sides = { near, far };
  const done: AirGap["done"] = async (side, ...args) => {
    const finished = await sides[side].here(...args);
    if (finished.status === 0) return finished;
    throw new Error(
      `jam ${args.join(" ")} ended with ${finished.status}:\n${finished.stdout}${finished.stderr}`,
    );
  };
  if (settings.syncs !== false) await near.sync();
  const keys = { near: keysOf(near), far: keysOf(far) };
  for (const [side, other] of [
    ["near", "far"],
    ["far", "near"],
  ] as const) {
    const { publicKeyArmored } = await (await keys[side]).generate({ userId: side, now: new Date() });
    await writeFile(join(sides[side].folder, "public.asc"), publicKeyArmored);
    await (await keys[other]).trust(Buffer.from(publicKeyArmored), side);
  }
  return {
    near,
    far,
    medium,
    done,
    json: async (side, ...args) => JSON.parse((await done(side, ...args, "-o", "json")).stdout) as never,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await rm(medium, { recursive: true, force: true });
    },
  };
}
