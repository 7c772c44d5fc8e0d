/** Versions and decisions against Juju's own code, over random questions of a seed that a failure prints. */
import { describe, expect, test } from "vitest";
import { isJamError } from "../../src/shared/errors.ts";
import { parseAgentBinary } from "../../src/juju/agent.ts";
import {
  compareVersions,
  formatVersion,
  isDevVersion,
  parseVersion,
  toPatch,
} from "../../src/juju/version.ts";
import type { JujuVersion, VersionGeneration } from "../../src/juju/version.ts";
import type { Generation, BootstrapGeneration } from "../../src/juju/decisions/generation.ts";
import { newest, newestCompatible } from "../../src/juju/decisions/newest.ts";
import { preferredStreams } from "../../src/juju/decisions/streams.ts";
import {
  buildInterop,
  type InteropDecision,
  type InteropNumber,
  type InteropRiddle,
  type InteropSolution,
  type JujuGeneration,
} from "../helpers/interop.ts";
import {
  bootstrapOutcome,
  upgradeOutcome,
  type BootstrapFields,
  type UpgradeFields,
} from "../helpers/questions.ts";
import { SEED, seededRandom, type Random } from "../helpers/random.ts";
import { serveStreams, type Streams } from "../helpers/streams-server.ts";

const interop = await buildInterop();

interface Client {
  readonly juju: JujuGeneration;
  /** The release that was compiled in. */
  readonly version: string;
  readonly versions: VersionGeneration;
  readonly generation: Generation;
  readonly bootstrap: BootstrapGeneration;
  /** Minors around which questions are asked. */
  readonly minors: readonly string[];
}

const CLIENTS = [
  {
    juju: "3.6",
    version: "3.6.11",
    versions: "v2",
    generation: "3.3.4-3.6.21",
    bootstrap: "3.6",
    minors: ["3.6", "3.6", "3.6", "3.5", "3.7", "4.0", "2.9"],
  },
  {
    juju: "2.9",
    version: "2.9.42",
    versions: "v2",
    generation: "2.9.33+",
    bootstrap: "2.9",
    minors: ["2.9", "2.9", "2.9", "2.8", "2.10", "3.0", "3.1"],
  },
  {
    juju: "2.8",
    version: "2.8.5",
    versions: "v1",
    generation: "2.7-2.8.6",
    bootstrap: "2.8",
    minors: ["2.8", "2.8", "2.8", "2.7", "2.9", "3.0"],
  },
] as const satisfies readonly Client[];

const CASES = { versions: 1500, upgrades: 1000, bootstraps: 400 };

/** A version near the minors: mostly releases, some pre-releases and builds. */
function someVersion(random: Random, minors: readonly string[]): string {
  const minor = random.pick(minors);
  const patch = random.below(random.chance(0.5) ? 6 : 50);
  const number = random.chance(0.2)
    ? `${minor}-${random.pick(["alpha", "beta", "rc"])}${patch}`
    : `${minor}.${patch}`;
  return random.chance(0.15) ? `${number}.${random.below(4)}` : number;
}

const ODD = [
  "",
  "3",
  "3.6",
  "3.6.",
  "v3.6.1",
  "3.6.1 ",
  "3.6-RC1",
  "03.006.1",
  "3.6.1.0",
  "3.6-rc",
  "3.6.1-rc2",
  "1.18-beta1",
  "1.19.9",
  "1.17.3.1",
  "1234567890.1.1",
  "3.6.٣",
  "3.6.1\n",
];

function someVersions(random: Random, minors: readonly string[], most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => someVersion(random, minors));
}

function riddle(random: Random, { minors }: Client): InteropRiddle {
  const some = (): string => someVersion(random, minors);
  switch (random.below(7)) {
    case 0:
      return { ask: "parse", text: random.chance(0.5) ? random.pick(ODD) : some() };
    case 1: {
      const name = `${random.chance(0.2) ? random.pick(ODD) : some()}-ubuntu-amd64`;
      return { ask: "parse-binary", text: random.chance(0.3) ? name.replace(/-[^-]*$/, "") : name };
    }
    case 2:
      return { ask: "newest", versions: [some(), ...someVersions(random, minors, 8)] };
    case 3:
    case 4:
      return {
        ask: "newest-compatible",
        versions: someVersions(random, minors, 12),
        base: some(),
        allowDev: random.chance(0.5),
      };
    case 5: {
      const stream = random.pick(["", "released", "proposed", "devel", "testing", "mine"]);
      const version = random.chance(0.8) ? { version: some() } : {};
      return { ask: "preferred-streams", stream, development: random.chance(0.2), ...version };
    }
    default:
      return { ask: "compare", a: some(), b: some() };
  }
}

/** What our functions make of a riddle, in the words of the program. */
function solve(asked: InteropRiddle, client: Client): InteropSolution {
  const read = (text: string): JujuVersion => parseVersion(text, client.versions);
  const describe = (version: JujuVersion): InteropNumber => ({
    text: formatVersion(version),
    ...version,
    isDev: isDevVersion(version, client.versions),
    toPatch: formatVersion(toPatch(version)),
  });
  switch (asked.ask) {
    case "parse":
      return { number: describe(read(asked.text)) };
    case "parse-binary": {
      const { number, release, arch } = parseAgentBinary(asked.text, client.versions);
      return { number: describe(number), release, arch };
    }
    case "compare":
      return { order: Math.sign(compareVersions(read(asked.a), read(asked.b))) as -1 | 0 | 1 };
    case "newest":
      return { number: describe(newest(asked.versions.map(read)) as JujuVersion) };
    case "newest-compatible": {
      const allowBuilds = client.juju === "3.6" ? (asked.allowDev ?? false) : true;
      const found = newestCompatible(asked.versions.map(read), read(asked.base), allowBuilds);
      return { number: describe(found.newest), found: found.found };
    }
    case "preferred-streams": {
      const { version = client.version, development = false, stream = "" } = asked;
      const wish = { version: read(version), development, stream };
      return { streams: preferredStreams(client.generation, wish) };
    }
    default:
      return asked satisfies never;
  }
}

function solveOrFail(asked: InteropRiddle, client: Client): InteropSolution {
  try {
    return solve(asked, client);
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return { error: error.message };
    throw error;
  }
}

function sorted(value: object): string {
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [
    key,
    typeof one === "object" && one !== null && !Array.isArray(one) ? JSON.parse(sorted(one as object)) : one,
  ]);
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function expectEqual(asked: readonly object[], juju: readonly object[], jam: readonly object[]): void {
  const differ = asked.flatMap((question, at) => {
    const [theirs, ours] = [sorted(juju[at] ?? {}), sorted(jam[at] ?? {})];
    return theirs === ours ? [] : [{ question, juju: theirs, jam: ours }];
  });
  const text = JSON.stringify(differ.slice(0, 5), undefined, 1);
  expect(differ.length, `seed ${SEED}: ${differ.length} of ${asked.length} differ:\n${text}`).toBe(0);
}

function someStreams(random: Random, minors: readonly string[]): Streams {
  const names = ["released", ...random.some(["proposed", "devel", "testing", "mine"], 0.35)];
  const used = random.chance(0.06) ? names.slice(1) : names;
  return Object.fromEntries(used.map((name) => [name, [...new Set(someVersions(random, minors, 14))]]));
}

const SETTINGS = ["", "", "", "released", "proposed", "devel", "testing", "mine"];

function someUpgrade(random: Random, client: Client): UpgradeFields {
  const { minors, generation } = client;
  const own = minors.slice(0, 3);
  const streams = someStreams(random, minors);
  const listed = Object.values(streams).flat();
  const current = someVersion(random, random.chance(0.85) ? own : minors);
  const isController = random.chance(0.6);
  const requested = random.pick([
    null,
    null,
    null,
    someVersion(random, minors),
    someVersion(random, own),
    current,
    random.pick([...listed, "3.6.x"]),
  ]);
  const isCaas = random.chance(0.25);
  return {
    generation,
    streams,
    current,
    isController,
    controllerVersion: isController || random.chance(0.2) ? current : someVersion(random, own),
    modelType: isCaas ? "caas" : "iaas",
    requested,
    stream: random.pick([null, null, null, "proposed", "devel", "mine"]),
    configStream: random.pick(SETTINGS),
    development: random.chance(0.1),
    stored: random.chance(0.3) ? [...new Set(someVersions(random, own, 4))] : [],
    registryTags: isCaas ? [...random.some(listed, 0.7), ...someVersions(random, minors, 5), "latest"] : [],
    otherModels: someVersions(random, minors, 3).map((version, at) => ({ name: `other-${at}`, version })),
  };
}

function upgradeDecision(question: UpgradeFields, url: string): InteropDecision {
  const { current, controllerVersion = current, isController = false, development = false } = question;
  return {
    ask: "upgrade",
    url,
    current,
    controller: controllerVersion,
    isController,
    development,
    isCAAS: question.modelType === "caas",
    requested: question.requested ?? "",
    stream: question.stream ?? "",
    configStream: question.configStream ?? "",
    stored: question.stored ?? [],
    registryTags: question.registryTags ?? [],
    otherModels: question.otherModels ?? [],
  };
}

function someBootstrap(random: Random, { minors, bootstrap, version }: Client): BootstrapFields {
  const own = minors.slice(0, 3);
  const streams = someStreams(random, minors);
  const listed = Object.values(streams).flat();
  const client = random.pick([version, someVersion(random, own), random.pick([...listed, version])]);
  const requested = random.pick([
    null,
    null,
    someVersion(random, minors),
    random.pick([...listed, client]),
    `${client}-xenial-amd64`,
    "2.x",
  ]);
  return {
    generation: bootstrap,
    streams,
    client,
    requested,
    autoUpgrade: random.chance(0.4),
    configStream: random.pick(SETTINGS),
    development: random.chance(0.1),
  };
}

describe.skipIf(interop.isMissing).for(CLIENTS)(`Juju $juju${interop.note}`, (client) => {
  test("parses, orders and picks versions and streams alike", async () => {
    const random = seededRandom(SEED);
    const riddles = Array.from({ length: CASES.versions }, () => riddle(random, client));
    const theirs = await interop.juju(client.juju).solve(riddles);
    expectEqual(
      riddles,
      theirs,
      riddles.map((one) => solveOrFail(one, client)),
    );
  });

  test("bootstraps the same version", { timeout: 300_000 }, async () => {
    const random = seededRandom(SEED + 1);
    const questions = Array.from({ length: CASES.bootstraps }, () => someBootstrap(random, client));
    const family = client.juju === "2.8" ? "tools" : "agents";
    await using upstreams = await serveStreams(
      questions.map(({ streams = {} }) => streams),
      family,
    );
    const decisions = questions.map((question, at): InteropDecision => ({
      ask: "bootstrap",
      url: upstreams.url(at),
      client: question.client,
      requested: question.requested ?? "",
      autoUpgrade: question.autoUpgrade ?? false,
      configStream: question.configStream ?? "",
      development: question.development ?? false,
    }));
    const theirs = await interop.juju(client.juju).decide(decisions);
    expectEqual(
      questions,
      theirs,
      questions.map((question) => bootstrapOutcome(question)),
    );
  });
});

describe.skipIf(interop.isMissing).for(CLIENTS.filter(({ juju }) => juju !== "2.8"))(
  `A controller of Juju $juju${interop.note}`,
  (client) => {
    test("upgrades to the same version, or refuses in the same words", { timeout: 300_000 }, async () => {
      const random = seededRandom(SEED + 2);
      const questions = Array.from({ length: CASES.upgrades }, () => someUpgrade(random, client));
      await using upstreams = await serveStreams(
        questions.map(({ streams = {} }) => streams),
        "agents",
      );
      const decisions = questions.map((question, at) => upgradeDecision(question, upstreams.url(at)));
      const theirs = await interop.juju(client.juju).decide(decisions);
      expectEqual(
        questions,
        theirs,
        questions.map((question) => upgradeOutcome(question)),
      );
    });
  },
);
