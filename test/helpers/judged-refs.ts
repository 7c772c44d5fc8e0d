/**
 * Juju's own code of three generations in front of a mirror and its channels, by URL and as a folder. What each must show is
 * told by the caller; nothing is asked of jam.
 *
 * ```ts
 * const see = judgeRefs(interop, { site: { urls: [server.url], data: mirror.data }, versions: ALL });
 * await see({ mirror: upstreamRows(tree, ALL), lab: upstreamRows(tree, ["3.6.27"]), prod: [] });
 * ```
 */
import { join } from "node:path";
import { expect } from "vitest";
import type { Interop, InteropDecision, InteropQuestion, JujuGeneration } from "./interop.ts";
import { complaintsOf, foundBy, listedFor, type JudgedAgent, type ListedAgent } from "./judged-mirror.ts";

/** `own` is what runs, older than all that there may be. */
const GENERATIONS = [
  { generation: "3.6", own: "3.6.20", majors: [3, 4], releases: ["ubuntu"] },
  { generation: "2.9", own: "2.9.42", majors: [2, 3], releases: ["ubuntu", "windows"] },
  { generation: "2.8", own: "2.8.5", majors: [2], releases: ["bionic", "focal", "win2012"] },
] as const;
type Generation = (typeof GENERATIONS)[number];

/** The servers and the data directory that Juju is pointed at. */
export interface JudgedSite {
  /** Of the servers, without a slash at the end. */
  readonly urls: readonly string[];
  readonly data: string;
}

/** What each ref shows: `mirror`, or the name of a channel. Nothing at all: it has no address and no folder. */
export type RefContents = Readonly<Record<string, readonly ListedAgent[]>>;

interface Case {
  readonly question: InteropQuestion;
  readonly expected: readonly JudgedAgent[];
  /** Whether there is any metadata. */
  readonly isServed: boolean;
}

type Way = Pick<InteropQuestion, "url" | "metadataSource">;

/** How Juju is pointed at a ref: by URL, and as a folder. */
function waysTo({ urls, data }: JudgedSite, ref: string): Way[] {
  const folder = { metadataSource: ref === "mirror" ? data : join(data, "channels", ref) };
  return [...urlsOf(urls, ref).map((url) => ({ url })), folder];
}

function urlsOf(urls: readonly string[], ref: string): string[] {
  return urls.map((url) => (ref === "mirror" ? `${url}/tools` : `${url}/channel/${ref}/tools`));
}

/**
 * A function that compares what Juju finds, takes and fetches with `contents`. Tarballs are fetched from refs whose contents
 * are others than the time before. `versions` are all that there may be, in ascending order.
 */
export function judgeRefs(
  interop: Interop,
  { site, versions }: { readonly site: JudgedSite; readonly versions: readonly string[] },
): (contents: RefContents) => Promise<void> {
  let before: RefContents = {};
  return async (contents) => {
    for (const one of GENERATIONS) {
      const cases = Object.entries(contents).flatMap(([ref, rows]) =>
        waysTo(site, ref).flatMap((way, at) =>
          casesFor(one, way, {
            rows,
            // Further servers show the same documents.
            versions: at === 0 || way.url === undefined ? versions : [],
            download: !hasSame(before[ref], rows),
          }),
        ),
      );
      await expectFound(cases, interop, one.generation);
      await expectChosen(interop, site, { contents, versions, one });
    }
    before = contents;
  };
}

function hasSame(before: readonly ListedAgent[] | undefined, rows: readonly ListedAgent[]): boolean {
  return JSON.stringify(before) === JSON.stringify(rows);
}

/** All that is listed, and by its number each version that is not. */
function casesFor(
  { majors, releases }: Generation,
  way: Way,
  {
    rows,
    versions,
    download,
  }: {
    readonly rows: readonly ListedAgent[];
    readonly versions: readonly string[];
    readonly download: boolean;
  },
): Case[] {
  const listed = new Set(rows.map(({ version }) => version));
  const missing = versions.filter((version) => !listed.has(version));
  const scopes = [
    ...releases.flatMap((release) => majors.map((major) => ({ release, major, download }))),
    // Where nothing is listed at all, one question says it.
    ...(rows.length === 0 ? [] : missing).map((version) => ({ release: releases[0], version })),
  ];
  return scopes.map((scope) => ({
    question: { ...way, ...scope, stream: "devel" },
    expected: listedFor(rows, { ...scope, stream: "devel" }),
    isServed: rows.length > 0,
  }));
}

async function expectFound(
  cases: readonly Case[],
  interop: Interop,
  generation: JujuGeneration,
): Promise<void> {
  const answers = await interop.juju(generation).ask(cases.map(({ question }) => question));
  const seen = answers.map((answer, at) => ({
    question: cases[at]?.question,
    expected: foundBy(answer),
    isServed: answer.requests.some(({ error }) => error === undefined),
  }));
  expect(seen).toEqual(cases);
  const fetched = answers.filter((_, at) => cases[at]?.question.download);
  expect(fetched.flatMap(complaintsOf)).toEqual([]);
}

/** The version that Juju would take by itself. */
async function expectChosen(
  interop: Interop,
  site: JudgedSite,
  {
    contents,
    versions,
    one: { generation, own },
  }: { readonly contents: RefContents; readonly versions: readonly string[]; readonly one: Generation },
): Promise<void> {
  const asked = Object.entries(contents).flatMap(([ref, rows]) => {
    const [url = ""] = urlsOf(site.urls, ref);
    const bootstrap: InteropDecision = { ask: "bootstrap", url, client: own, autoUpgrade: true };
    const upgrade: InteropDecision = {
      ask: "upgrade",
      url,
      current: own,
      controller: own,
      isController: true,
    };
    const newestOf = (some: readonly ListedAgent[]) => {
      const listed = new Set(some.map(({ version }) => version));
      return versions.findLast((one) => one.startsWith(`${generation}.`) && listed.has(one));
    };
    return [
      { question: bootstrap, expected: newestOf(rows.filter(({ arch }) => arch === "amd64")) },
      // A controller decides without looking at the arch. The program for 2.8 answers `bootstrap` only.
      ...(generation === "2.8" ? [] : [{ question: upgrade, expected: newestOf(rows) }]),
    ];
  });
  const verdicts = await interop.juju(generation).decide(asked.map(({ question }) => question));
  const chosen = verdicts.map((verdict, at) => ({
    question: asked[at]?.question,
    version: verdict.chosen ?? verdict.agentVersion,
  }));
  expect(chosen).toEqual(asked.map(({ question, expected }) => ({ question, version: expected })));
}
