/**
 * The sample upstream for tests: a real HTTP server that publishes what https://streams.canonical.com/juju/tools/ does.
 *
 * ```ts
 * await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] }); // tree options + server options
 * upstream.url                       // "http://127.0.0.1:41234/juju/tools/"
 * upstream.tree.key.publicKeyArmored // for --keyring; .fingerprint
 * upstream.tree.listings             // every item upstream lists, denormalised; .items, .documents by path
 * const path = itemPath(upstream, "3.6.27");                     // "agent/3.6.27/juju-3.6.27-linux-amd64.tgz"
 * upstream.fault(path, { kind: "cut", at: 4, times: 1 });        // kinds: test/peers/sample-upstream/faults.ts
 * upstream.fault(/\.sjson$/, { kind: "status", status: 503, retryAfter: 1, times: 2 });
 * upstream.requests                  // ["GET streams/v1/index2.sjson", "GET agent/… bytes=4-"]; upstream.records has the rest
 * upstream.publish(await buildSampleTree({ releases: ["3.6.27", "4.0.15"] }), ["index"]); // or all parts at once
 * upstream.publish(await upstream.tree.withEdited("streams/v1/index2.json", (index) => { index.updated = "…"; }));
 * upstream.publish(await withSignatureFault(upstream.tree, "streams/v1/index2.json", "foreign-key"));
 * await using secure = await startUpstream({ tls: localhostTls() }); // https; trust localhostTls().certFile
 * ```
 *
 * Tarballs are real `.tgz` files of about `tarballBytes` (default 2048) bytes. Trees are immutable: `withDocument`,
 * `withItem`, `withSigned`, `withEdited` return changed copies. Building one takes some 0.1 s, the key 0.3 s once.
 */
import { readFileSync } from "node:fs";
import {
  startSampleUpstream,
  type SampleUpstream,
  type SampleUpstreamOptions,
} from "../peers/sample-upstream/server.ts";
import { buildSampleTree, type SampleTree, type SampleTreeOptions } from "../peers/sample-upstream/tree.ts";

export { generateSampleKey } from "../peers/sample-upstream/sign.ts";
export { buildSampleTree, type SampleTree } from "../peers/sample-upstream/tree.ts";
export { withSignatureFault } from "../peers/sample-upstream/signature-faults.ts";
export type { Fault } from "../peers/sample-upstream/faults.ts";

/** A running upstream and the tree it started with. */
export interface TestUpstream extends SampleUpstream {
  readonly tree: SampleTree;
}

/** A few releases of every kind, small enough for most tests: 17 tarballs on amd64 and arm64. */
const FEW_RELEASES = ["1.25.13", "2.8.13", "2.9.60", "3.6.26", "3.6.27", "4.0.15", "4.1-beta1"];

/** Builds a tree (a few releases on amd64 and arm64 unless `options` say otherwise) and serves it. */
export async function startUpstream(
  options: SampleTreeOptions & Partial<SampleUpstreamOptions> = {},
): Promise<TestUpstream> {
  const tree =
    options.tree ??
    (await buildSampleTree({
      releases: FEW_RELEASES,
      arches: ["amd64", "arm64"],
      oses: ["ubuntu"],
      ...options,
    }));
  const upstream = await startSampleUpstream({ ...options, tree });
  return Object.assign(upstream, { tree });
}

/** The path of the tarball of a version. Throws where the tree has none. */
export function itemPath({ tree }: Pick<TestUpstream, "tree">, version: string, arch = "amd64"): string {
  const listing = tree.listings.find((one) => one.version === version && one.arch === arch);
  if (listing === undefined) throw new Error(`The sample tree has no ${version} for ${arch}.`);
  return listing.item.path;
}

/** A certificate of its own for localhost and 127.0.0.1, for HTTPS in tests; `certFile` is what a client must trust. */
export function localhostTls(): { readonly key: string; readonly cert: string; readonly certFile: string } {
  const folder = `${import.meta.dirname}/../fixtures/tls`;
  const read = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");
  return { key: read("localhost.key"), cert: read("localhost.crt"), certFile: `${folder}/localhost.crt` };
}

/** What upstream listed so many days ago: these releases for amd64, in one stream. */
export function agedTree(
  releases: readonly string[],
  daysAgo: number,
  more: Pick<SampleTreeOptions, "families" | "tarballBytes"> = {},
): Promise<SampleTree> {
  return buildSampleTree({
    ...more,
    releases,
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released"],
    now: new Date(Date.now() - daysAgo * 24 * 3_600_000),
  });
}
