/** The simulated look-up against Juju's own: the same documents asked for, the same agents, the same failures. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseVersion } from "../../src/juju/version.ts";
import { createLookupReader } from "../../src/upstream/lookup-reader.ts";
import { NO_CLOUD } from "../../src/juju/metadata-search/mirrors-document.ts";
import { lookUpAgents, type LookupQuestion, type LookupResult } from "../../src/upgrade/lookup/run-lookup.ts";
import {
  buildInterop,
  type InteropAnswer,
  type InteropQuestion,
  type JujuGeneration,
} from "../helpers/interop.ts";
import { daysAgo, makeAgingKey } from "../helpers/aging-key.ts";
import { buildScenarios, CLOUD, serveScenario, type ServedScenario } from "../helpers/lookup-scenarios.ts";
import { SEED, seededRandom, type Random } from "../helpers/random.ts";
import { temporaryFolder } from "../helpers/jam-process.ts";
import {
  buildSampleTree,
  generateSampleKey,
  startUpstream,
  type SampleTree,
  type TestUpstream,
} from "../helpers/upstream.ts";

const interop = await buildInterop();

/** A port that nothing listens on: stands in for an internet that is not there. */
const UNREACHABLE = "http://127.0.0.1:9/juju/tools";

const GENERATIONS = [
  { generation: "3.6", client: "3.6.11", random: 400, slow: 8 },
  { generation: "2.9", client: "2.9.42", random: 600, slow: 600 },
  { generation: "2.8", client: "2.8.5", random: 600, slow: 600 },
] as const satisfies readonly {
  generation: JujuGeneration;
  client: string;
  random: number;
  /** At most so many questions for which Juju repeats requests. */
  slow: number;
}[];

const served: ServedScenario[] = [];
let elsewhere: TestUpstream;
let internet: TestUpstream;
let folder: string;
let keyring: string;

beforeAll(async () => {
  if (interop.isMissing) return;
  elsewhere = await startUpstream({ releases: ["2.8.13", "2.9.60", "3.6.27"], arches: ["amd64"] });
  internet = await startUpstream({ releases: ["2.8.13", "2.9.60", "3.6.26", "3.6.27"] });
  folder = await mkdtemp(join(tmpdir(), "jam-lookup-"));
  keyring = join(folder, "key.asc");
  await writeFile(keyring, (await generateSampleKey()).publicKeyArmored);
  for (const scenario of await buildScenarios(elsewhere)) served.push(await serveScenario(scenario));
});

afterAll(async () => {
  for (const scenario of served) await scenario[Symbol.asyncDispose]();
  await elsewhere?.close();
  await internet?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

type Client = (typeof GENERATIONS)[number];

interface Case {
  readonly scenario: ServedScenario;
  readonly question: InteropQuestion;
}

/** What is asked of each scenario whatever the seed. */
function tableCases({ client, generation }: Client): Case[] {
  const release = generation === "2.8" ? "bionic" : "ubuntu";
  const version = { "2.8": "2.8.13", "2.9": "2.9.60", "3.6": "3.6.27" }[generation];
  const { major, minor } = parseVersion(client);
  return served
    .filter(({ isSlow }) => generation !== "3.6" || !isSlow)
    .flatMap((scenario) => {
      const { name, url } = scenario;
      const plain = { name, url, version, release, arch: "amd64" };
      return [
        plain,
        { ...plain, keyring },
        { ...plain, ...CLOUD },
        { name, url, major, minor, keyring },
        { ...plain, default: internet.url },
      ].map((question) => ({ scenario, question }));
    });
}

function randomCases(client: Client, random: Random): Case[] {
  let slow = 0;
  const cases: Case[] = [];
  while (cases.length < client.random) {
    const scenario = random.pick(served);
    const question = randomQuestion(client, scenario, random);
    if (scenario.isSlow || question.default === UNREACHABLE) slow += 1;
    if (slow <= client.slow || (!scenario.isSlow && question.default !== UNREACHABLE)) {
      cases.push({ scenario, question });
    }
  }
  return cases;
}

function randomQuestion(
  { generation }: Client,
  { name, url }: ServedScenario,
  random: Random,
): InteropQuestion {
  const isOld = generation === "2.8";
  const releases = isOld
    ? ["bionic", "focal", "win2012", "centos7", "dapper", "nosuch"]
    : ["ubuntu", "centos", "windows", "osx", "kubernetes", "bionic"];
  const listed = isOld
    ? ["2.7.8", "2.8.5", "2.8.13", "2.9-rc7"]
    : ["2.9.42", "2.9.60", "3.6.11", "3.6.27", "3.6-rc1"];
  const versions = [...listed, ...listed, "1.25.13", "4.0.15", "9.9.9", "3.6.27.1"];
  const scope = random.chance(0.6)
    ? { version: random.pick(versions) }
    : {
        major: random.pick(isOld ? [1, 2, 2, 2, 3] : [2, 2, 3, 3, 4]),
        ...(random.chance(0.6) ? { minor: random.pick(isOld ? [0, 7, 8, 8, 9] : [0, 6, 6, 9, 9]) } : {}),
      };
  return {
    name,
    url,
    ...scope,
    ...(random.chance(0.4) ? { release: random.pick(releases) } : {}),
    ...(random.chance(0.6)
      ? { arch: random.pick(["amd64", "arm64", "s390x", "riscv64", "i386", "vax"]) }
      : {}),
    ...(random.chance(0.4)
      ? { stream: random.pick(["released", "proposed", "devel", "testing", "mine"]) }
      : {}),
    ...(random.chance(0.1) ? { development: true } : {}),
    ...(random.chance(0.4) ? { keyring } : {}),
    ...(random.chance(0.1) ? { requireSigned: true } : {}),
    ...(random.chance(0.3) ? CLOUD : {}),
    ...(random.chance(0.25) ? { default: random.pick([internet.url, UNREACHABLE]) } : {}),
  };
}

/** The same question for the simulator. A folder takes the place of the default source. */
function simulated(question: InteropQuestion, client: string): LookupQuestion {
  const { url, version, major, minor, release, arch, stream = "", development = false } = question;
  const requiresSigned = question.requireSigned ?? false;
  const scope =
    version === undefined
      ? { ...(major === undefined ? {} : { major }), ...(minor === undefined ? {} : { minor }) }
      : { number: parseVersion(version) };
  const { metadataSource: folder } = question;
  const last = folder === undefined ? question.default : pathToFileURL(join(folder, "tools")).href;
  const sources = [
    ...(url === undefined ? [] : [{ name: "agent-metadata-url", url }]),
    ...(last === undefined ? [] : [{ name: "default simplestreams", url: last }]),
  ];
  return {
    client: parseVersion(client),
    purpose: "bootstrap",
    filter: {
      ...scope,
      ...(release === undefined ? {} : { release }),
      ...(arch === undefined ? {} : { arch }),
    },
    stream,
    development,
    cloud: question.region === undefined ? NO_CLOUD : CLOUD,
    sources: sources.map((source) => ({ ...source, hasKey: true, requiresSigned })),
  };
}

async function writeTree(tree: SampleTree, folder: string): Promise<void> {
  for (const [path, bytes] of tree.documents) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

async function simulate({ question }: Case, client: string): Promise<LookupResult> {
  const reader = createLookupReader({
    bases: ["http:/", "file:/"],
    keyring: question.keyring ?? "builtin",
    environment: {},
    userAgent: "jam/test",
    caFile: undefined,
    idleTimeoutMs: 5000,
    isOffline: false,
    signal: new AbortController().signal,
  });
  return lookUpAgents(simulated(question, client), reader);
}

/** What both must agree on. */
function judged(answer: InteropAnswer): object {
  return {
    streams: answer.streams,
    found: answer.found,
    outcome: answer.errorKind ?? "found",
    requests: answer.requests.map(({ source, url }) => `${source} ${url}`),
    resolved: answer.juju.startsWith("2.8") ? [] : answer.resolved,
    fellThrough: answer.fellThrough,
  };
}

function byName(a: { readonly version: string }, b: { readonly version: string }): number {
  return a.version < b.version ? -1 : 1;
}

/** Juju's own code tells where it ended only when that was no error. */
function isResolved({ result, indexUrl }: LookupResult["streams"][number]): boolean {
  return indexUrl !== undefined && (result === "found" || result === "no-match");
}

function told(result: LookupResult, client: string): object {
  return {
    streams: result.scope.streams,
    found: result.found
      .map(({ name, url, size, sha256 }) => ({ version: name, url, size, sha256 }))
      .sort(byName),
    outcome: result.outcome === "failed" ? "other" : result.outcome,
    requests: result.steps
      .filter(({ source }) => source !== "mirror")
      .map(({ source, url }) => `${source} ${url}`),
    resolved: client.startsWith("2.8")
      ? []
      : result.streams.filter(isResolved).map(({ source, signed, indexUrl, mirrorUrl }) => ({
          source,
          signed,
          indexUrl,
          ...(mirrorUrl === undefined ? {} : { mirrorUrl }),
        })),
    fellThrough:
      result.steps.some(({ source }) => source === "default simplestreams") &&
      result.steps.some(({ source }) => source === "agent-metadata-url"),
  };
}

async function compare(cases: readonly Case[], { generation, client }: Client): Promise<void> {
  const answers = await interop.juju(generation).ask(cases.map(({ question }) => question));
  const differences: object[] = [];
  for (const [at, one] of cases.entries()) {
    const answer = answers[at] as InteropAnswer;
    const result = await simulate(one, client);
    const [juju, jam] = [judged(answer), told(result, client)];
    if (JSON.stringify(juju) === JSON.stringify(jam)) continue;
    differences.push({
      question: one.question,
      juju: { ...juju, error: answer.error },
      jam: { ...jam, message: result.message },
    });
  }
  const text = JSON.stringify(differences.slice(0, 3), undefined, 1);
  expect(differences.length, `seed ${SEED}: ${differences.length} of ${cases.length} differ:\n${text}`).toBe(
    0,
  );
}

describe.skipIf(interop.isMissing).for(GENERATIONS)(
  `A look-up of Juju $generation${interop.note}`,
  (client) => {
    test("is simulated step by step in every state of an upstream", { timeout: 600_000 }, async () => {
      await compare(tableCases(client), client);
    });

    test("is simulated for a folder", async () => {
      const { generation } = client;
      const tree = await buildSampleTree({ releases: ["2.8.13", "2.9.60", "3.6.27"], arches: ["amd64"] });
      await using files = await temporaryFolder();
      await writeTree(tree, join(files.path, "tools"));
      const questions: InteropQuestion[] = [
        { metadataSource: files.path, major: generation === "3.6" ? 3 : 2 },
        { metadataSource: files.path, version: "2.9.60", keyring, requireSigned: true },
        { metadataSource: files.path, version: "2.8.13", stream: "proposed", url: served[0]?.url ?? "" },
        { metadataSource: files.path, version: "9.9.9" },
      ];
      const [scenario] = served as [ServedScenario];
      await compare(
        questions.map((question) => ({ scenario, question })),
        client,
      );
    });

    test("is simulated with keys that have expired or are revoked", async () => {
      const { generation } = client;
      const key = await makeAgingKey("rsa");
      const options = { releases: ["2.8.13", "2.9.60", "3.6.27"], arches: ["amd64"] };
      const tree = await buildSampleTree({ ...options, key, now: daysAgo(2) });
      await using upstream = await startUpstream({ tree });
      await using files = await temporaryFolder();
      const published = {
        whole: key.publicKeyArmored,
        expired: await key.expired(daysAgo(1)),
        "expired before it signed": await key.expired(daysAgo(10)),
        superseded: await key.revoked(daysAgo(1)),
        compromised: await key.revoked(daysAgo(1), "compromised"),
      };
      const [scenario] = served as [ServedScenario];
      const cases: Case[] = [];
      for (const [name, armored] of Object.entries(published)) {
        const file = join(files.path, `${name}.asc`);
        await writeFile(file, armored);
        const version = { "2.8": "2.8.13", "2.9": "2.9.60", "3.6": "3.6.27" }[generation];
        const question = { name, url: upstream.url, version, keyring: file, requireSigned: true };
        cases.push({ scenario, question });
      }
      await compare(cases, client);
      const found = await Promise.all(
        cases.map(async (one) => (await simulate(one, client.client)).found.length),
      );
      expect(found.map((count) => count > 0)).toEqual([true, true, true, false, false]);
    });

    test("is simulated for random questions", { timeout: 600_000 }, async () => {
      await compare(randomCases(client, seededRandom(SEED)), client);
    });
  },
);
