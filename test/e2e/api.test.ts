/** The command and the API give the same answers, about a mirror that was synced and one that got a bundle. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeServer } from "../../src/compose/serve.ts";
import { loadConfig } from "../../src/config/load.ts";
import { statusDocument } from "../../src/mirror/status-document.ts";
import { RESOURCE_NAMES, RESOURCES } from "../../src/server/api/resources.ts";
import type { QueryName } from "../../src/server/queries.ts";
import type { MirrorServer } from "../../src/server/server.ts";
import { airGap, type AirGap } from "../helpers/air-gap.ts";
import { healthyFleet } from "../helpers/healthy-fleet.ts";
import type { TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

type Json = Readonly<Record<string, unknown>>;

interface Case {
  readonly args: readonly string[];
  /** The query of the request. */
  readonly query?: string;
  /** Makes a POST of it. */
  readonly body?: () => string;
  /** What of the command's document is not in the API's, or differs with the moment. */
  readonly inCommand?: (document: Json) => Json;
  readonly inApi?: (document: Json) => Json;
}

let upstream: TestUpstream;
let gap: AirGap;
let fleet: string;
let plan: string;
const servers: MirrorServer[] = [];
const urls: Record<"near" | "far", string> = { near: "", far: "" };

async function serve({ folder }: TestMirror): Promise<string> {
  const config = await loadConfig({ file: undefined, flags: {}, env: {}, cwd: folder, version: "test" });
  const server = await composeServer(config, { log: () => undefined, onDamage: () => undefined });
  servers.push(server);
  return (await server.listen({ host: "127.0.0.1", port: 0 })).url;
}

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["2.9.60", "3.6.9", "3.6.27"], oses: ["ubuntu"] });
  gap = await airGap(upstream, { near: { deny: [{ version: "3.6.9", reason: "not wanted" }] } });
  await gap.done("near", "bundle", "create", "--to", gap.medium);
  await gap.done("far", "bundle", "import", gap.medium);
  await gap.done("far", "bundle", "receipt", "--to", join(gap.near.folder, "far.receipt"));
  await gap.done("near", "site", "update", "far.receipt");
  const files = healthyFleet("2.9.60").map(({ text }) => text);
  fleet = files.join("\n");
  for (const side of [gap.near, gap.far]) {
    await mkdir(join(side.folder, "fleet"));
    for (const [index, text] of files.entries()) {
      await writeFile(join(side.folder, "fleet", `${index}.json`), text);
    }
  }
  plan = (await gap.done("near", "plan", "--from", "3.6.9", "--to", "3.6", "-o", "json")).stdout;
  for (const side of [gap.near, gap.far]) await writeFile(join(side.folder, "plan.json"), plan);
  urls.near = await serve(gap.near);
  urls.far = await serve(gap.far);
});

afterAll(async () => {
  for (const server of servers) await server.close({ drainMs: 0 });
  await gap[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const without =
  (...names: readonly string[]) =>
  (document: Json): Json =>
    Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));

/** The moment of planning, and what a fleet's files are called. */
const madeNow = { inCommand: without("createdAt", "plannedAt"), inApi: without("createdAt", "plannedAt") };

const withoutDelta = (document: Json): Json => ({
  sites: (document["sites"] as readonly Json[]).map(without("nextDelta")),
});

/** Every resource, so that a new one cannot be forgotten. */
const CASES: Readonly<Record<QueryName, readonly Case[]>> = {
  status: [
    {
      args: ["status"],
      // The folder is the operator's business; space is used meanwhile.
      inCommand: without("data", "freeBytes"),
      inApi: without("freeBytes"),
    },
    {
      args: ["status", "--runs", "0"],
      query: "runs=0",
      inCommand: without("data", "freeBytes"),
      inApi: without("freeBytes"),
    },
  ],
  runs: [{ args: ["status"], inCommand: ({ runs }) => ({ runs }) }],
  agents: [
    { args: ["list"] },
    { args: ["list", "3.6"], query: "version=3.6" },
    { args: ["list", "2.9/stable"], query: "version=2.9/stable" },
    { args: ["list", "--arch", "arm64", "--stream", "released"], query: "arch=arm64&stream=released" },
    { args: ["list", "--release", "focal"], query: "release=focal" },
    { args: ["list", "--stream", "devel"], query: "stream=devel" },
  ],
  explain: [
    { args: ["explain", "--offline", "3.6"], query: "agent=3.6" },
    { args: ["explain", "--offline", "2.9.60-ubuntu-arm64"], query: "agent=2.9.60-ubuntu-arm64" },
  ],
  plan: [
    { args: ["plan", "--from", "2.9.60", "--to", "3.6"], query: "from=2.9.60&to=3.6", ...madeNow },
    {
      args: [
        "plan",
        "--from",
        "3.6.9",
        "--to",
        "3.6.27",
        "--model-type",
        "caas",
        "--arch",
        "arm64",
        "--held",
      ],
      query: "from=3.6.9&to=3.6.27&model-type=caas&arch=arm64&held",
      ...madeNow,
    },
    {
      args: ["plan", "--from", "2.9.60", "--to", "3.6", "--url", "http://mirror.example:8080"],
      query: "from=2.9.60&to=3.6&url=http://mirror.example:8080",
      ...madeNow,
    },
    { args: ["plan", "--fleet", "fleet", "--to", "3.6"], query: "to=3.6", body: () => fleet, ...madeNow },
  ],
  ready: [
    { args: ["ready", "--plan", "plan.json"], body: () => plan },
    { args: ["ready", "--from", "2.9.60", "--to", "3.6"], query: "from=2.9.60&to=3.6", ...madeNow },
    {
      args: ["ready", "--fleet", "fleet", "--to", "3.6"],
      query: "fleet&to=3.6",
      body: () => fleet,
      ...madeNow,
    },
  ],
  channels: [{ args: ["channel", "list"] }],
  // Sizes are computed without the key that signs bundles.
  sites: [{ args: ["site", "list"], inCommand: withoutDelta, inApi: withoutDelta }],
};

const ROWS = RESOURCE_NAMES.flatMap((name) =>
  CASES[name].flatMap((one) => (["near", "far"] as const).map((side) => ({ name, side, one, ...one }))),
);

async function ask(side: "near" | "far", name: QueryName, { query, body }: Case): Promise<Json> {
  const target = `${urls[side]}/api/v1/${name}${query === undefined ? "" : `?${query}`}`;
  const response = await fetch(target, body === undefined ? {} : { method: "POST", body: body() });
  const document = (await response.json()) as Json;
  expect(response.status, JSON.stringify(document)).toBe(200);
  return document;
}

describe("the API answers what the command prints:", () => {
  test.for(ROWS)("$name on the $side side, $args", async ({ name, side, one }) => {
    const { inCommand = same, inApi = same } = one;
    const { stdout, stderr } = await gap[side].here(...one.args, "-o", "json");
    expect(stdout, stderr).not.toBe("");
    const printed = JSON.parse(stdout) as Json;
    const answered = await ask(side, name, one);
    expect(inApi(answered)).toEqual(inCommand(printed));
    // The schema names every field: what it does not know would be lost.
    expect(RESOURCES[name].document.parse(answered)).toEqual(answered);
    if (name === "status") expect(statusDocument.parse(printed)).toEqual(printed);
    else if (name !== "runs") expect(RESOURCES[name].document.parse(printed)).toEqual(printed);
  });
});

test("no query asks an upstream", async () => {
  const before = upstream.requests.length;
  for (const { name, side, one } of ROWS) await ask(side, name, one);
  expect(upstream.requests.length).toBe(before);
  expect(before).toBeGreaterThan(0);
});

test("takes a plan in YAML, as the command does", async () => {
  const yaml = (await gap.done("near", "plan", "--from", "3.6.9", "--to", "3.6", "-o", "yaml")).stdout;
  const { verdict } = await ask("near", "ready", { args: [], body: () => yaml });
  expect(verdict).toBe((await ask("near", "ready", { args: [], body: () => plan }))["verdict"]);
});

/** The names of a document's fields in their order, two levels deep; an element of a list stands for all. */
function fieldsOf(value: unknown, depth = 2): unknown {
  if (Array.isArray(value)) return value.length === 0 || depth === 0 ? [] : [fieldsOf(value[0], depth)];
  if (typeof value !== "object" || value === null || depth === 0) return "";
  return Object.entries(value)
    .map(([name, inner]) => {
      const own = fieldsOf(inner, depth - 1);
      return own === "" ? name : `${name}(${String(own)})`;
    })
    .join(" ");
}

test.for([
  [
    "status",
    "data mode lastGood snapshot(id createdAt upstream bundle expiredKeys()) held(agents bytes) tarballs streams(released) verified verbatim(complete reason) snapshots() damaged() waiting() writer freeBytes runs(outcome snapshot upstream verified fetched held tarballs added() removed() failed() warnings() rules() startedAt durationMs)",
  ],
  ["list", "snapshot agents(version release arch streams() path size sha256)"],
  [
    "explain --offline 3.6",
    "agents(agent streams() path size sha256 held upstream taken denied rule reason rules()) source",
  ],
  [
    "plan --from 2.9.60 --to 3.6",
    "format createdAt stream streams() mirrorUrl controllers(from to outcome) hops(from to how because minimum client steps() models() agents() images() checks() advice() procedure companions() registry()) agents(version release arch family purpose size sha256 state) images() warnings() unread() unknown() notWell() totals(agents held upstream missing bytes bytesToFetch)",
  ],
  [
    "ready --plan plan.json",
    "verdict ready deep checks(id status summary evidence() remedy) look(id summary command) rows(hop controller from to model arch ready reason missing()) agents(agent ready verifiedAt) missing() warnings() snapshot plannedAt controllers(from to outcome) unread()",
  ],
  ["site list", "sites(name receivedAt createdAt snapshot bundles() signedBy behind beyond nextDelta)"],
])("jam %s -o json has the fields that scripts rely on, in their order", async ([args, fields]) => {
  const { stdout } = await gap.near.here(...(args as string).split(" "), "-o", "json");
  expect(fieldsOf(JSON.parse(stdout))).toBe(fields);
});

function same(document: Json): Json {
  return document;
}
