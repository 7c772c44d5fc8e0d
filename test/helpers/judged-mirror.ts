/**
 * A mirror as an operator runs it, to be judged by Juju's own code: synced and served by the real commands.
 *
 * ```ts
 * await using judged = await judgedMirror(upstream, { select: [{ stream: "released" }] });
 * const question = { ...judged.ways["--metadata-source"], version: "3.6.27", release: "ubuntu", download: true };
 * const [answer] = await interop.juju("3.6").ask([question]);
 * foundBy(answer);                                  // equals listedFor(await judged.list(), question)
 * complaintsOf(answer);                             // empty when every tarball is kept
 * ```
 */
import type { ConfigFile } from "../../src/config/schema.ts";
import type { InteropAnswer, InteropQuestion } from "./interop.ts";
import { temporaryMirror, type TestMirror } from "./mirror.ts";
import { startServe } from "./running-jam.ts";
import type { TestUpstream } from "./upstream.ts";

/** What each `agent-stream` also searches. Source: juju environs/tools PreferredStreams. */
export const SEARCHED_STREAMS = {
  released: ["released"],
  proposed: ["proposed", "released"],
  devel: ["devel", "proposed", "released"],
} as const;

/** A port that nothing listens on: stands in for an internet that is not there. */
export const UNREACHABLE = "http://127.0.0.1:9/juju/tools";

/** How Juju is pointed at a mirror. */
export const WAYS = [
  "agent-metadata-url",
  "agent-metadata-url with a slash at the end",
  "--metadata-source",
] as const;

/** A row of `jam list -o json`. */
export interface ListedAgent {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly streams: readonly string[];
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** An agent as both Juju and `jam list` describe it; `version` is number, release and arch. */
export type JudgedAgent = Pick<ListedAgent, "version" | "size" | "sha256">;

export interface JudgedMirror extends AsyncDisposable {
  readonly mirror: TestMirror;
  /** Of the server, without a slash at the end. */
  readonly url: string;
  readonly ways: Readonly<Record<(typeof WAYS)[number], Pick<InteropQuestion, "url" | "metadataSource">>>;
  /** The request log of the server so far. */
  readonly log: () => string;
  /** What `jam list -o json` says. */
  list(): Promise<ListedAgent[]>;
}

/** Runs `jam sync`, which must end with `status`, and then `jam serve`. */
export async function judgedMirror(
  upstream: TestUpstream,
  settings: ConfigFile,
  { status = 0 }: { readonly status?: number } = {},
): Promise<JudgedMirror> {
  const mirror = await temporaryMirror(upstream, settings);
  const synced = await mirror.jam("sync", "--quiet");
  if (synced.status !== status) throw new Error(`jam sync ended with ${synced.status}:\n${synced.stderr}`);
  return judge(mirror);
}

/** Runs `jam serve` for a mirror that holds something; both go when the scope ends. */
export async function judge(mirror: TestMirror): Promise<JudgedMirror> {
  const server = await startServe(mirror.folder);
  return {
    mirror,
    url: server.url,
    ways: {
      "agent-metadata-url": { url: `${server.url}/tools` },
      "agent-metadata-url with a slash at the end": { url: `${server.url}/tools/` },
      "--metadata-source": { metadataSource: mirror.data },
    },
    log: server.log,
    list: () => listAgents(mirror),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

/** The rows of `jam list -o json`. */
export async function listAgents(mirror: Pick<TestMirror, "jam">): Promise<ListedAgent[]> {
  const { stdout } = await mirror.jam("list", "-o", "json");
  return (JSON.parse(stdout) as { agents: ListedAgent[] }).agents;
}

/** The rows that answer a question about one release, in the order of Juju's answers. */
export function listedFor(rows: readonly ListedAgent[], question: InteropQuestion): JudgedAgent[] {
  const { stream = "released", release, version, major, arch } = question;
  const streams: readonly string[] = SEARCHED_STREAMS[stream as keyof typeof SEARCHED_STREAMS];
  return rows
    .filter((row) => row.release === release && row.streams.some((one) => streams.includes(one)))
    .filter((row) => version === undefined || row.version === version)
    .filter((row) => major === undefined || row.version.startsWith(`${major}.`))
    .filter((row) => arch === undefined || row.arch === arch)
    .map((row) => ({ ...judged(row), version: `${row.version}-${row.release}-${row.arch}` }))
    .toSorted((a, b) => (a.version < b.version ? -1 : 1));
}

export function foundBy(answer: InteropAnswer): JudgedAgent[] {
  return answer.found.map(judged);
}

function judged({ version, size, sha256 }: JudgedAgent): JudgedAgent {
  return { version, size, sha256 };
}

/**
 * What a controller, the curl of a new controller machine and each 4.x hold against the tarballs found; also that
 * one of them was not fetched.
 */
export function complaintsOf({ found, downloads = [] }: InteropAnswer): string[] {
  const complaints = downloads.flatMap(({ version, error, curlError, contentTypes = [] }) => [
    ...[error, curlError].flatMap((text) => (text === undefined ? [] : [`${version}: ${text}`])),
    ...contentTypes.flatMap(({ ok, juju, received }) =>
      ok ? [] : [`${version}: Juju ${juju} refuses ${received}`],
    ),
  ]);
  const missing = found.length - downloads.length;
  return missing === 0 ? complaints : [...complaints, `${missing} of ${found.length} were not fetched`];
}
