/** `jam which` as a person and as a script call it; every recorded answer of Juju through the command and the API. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runJam, temporaryFolder } from "../helpers/jam-process.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream } from "../helpers/upstream.ts";

const VECTORS = join(import.meta.dirname, "../fixtures/vectors/select.json");

interface Recorded {
  readonly upgrade: readonly { readonly expected: unknown }[];
  readonly bootstrap: readonly { readonly expected: unknown }[];
  readonly preferredStreams: readonly Readonly<Record<string, unknown>>[];
  readonly newestCompatible: readonly Readonly<Record<string, unknown>>[];
  readonly migrate: readonly Readonly<Record<string, unknown>>[];
}

interface Answers {
  readonly answers: readonly {
    readonly kind: string;
    readonly juju: unknown;
    readonly byGeneration?: unknown;
    readonly trace?: readonly object[];
  }[];
}

function without(one: Readonly<Record<string, unknown>>, asked: readonly string[]): object {
  return Object.fromEntries(Object.entries(one).filter(([key]) => !asked.includes(key)));
}

/** The recorded answers in the order of the file; what is asked is left out of the tables. */
function expectedOf(vectors: Recorded): unknown[] {
  return [
    ...vectors.upgrade.map(({ expected }) => expected),
    ...vectors.bootstrap.map(({ expected }) => expected),
    ...vectors.preferredStreams.map((one) =>
      without(one, ["version", "runningVersion", "development", "stream"]),
    ),
    ...vectors.newestCompatible.map((one) => without(one, ["base", "list"])),
    ...vectors.migrate.map((one) => without(one, ["modelVersion", "sourceController", "targetController"])),
  ];
}

test("the command and the API give every recorded answer of Juju, and the same answers", async () => {
  const text = await readFile(VECTORS, "utf8");
  const expected = expectedOf(JSON.parse(text) as Recorded);
  await using folder = await temporaryFolder();
  const { status, stdout, stderr } = await runJam(["which", "--input", VECTORS, "-o", "json"], {
    cwd: folder.path,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const fromCommand = JSON.parse(stdout) as Answers;
  const recorded = fromCommand.answers.map((one) => one.byGeneration ?? one.juju);
  expect(recorded.length).toBe(expected.length);
  for (const [index, answer] of recorded.entries())
    expect(answer, `answer ${index}`).toEqual(expected[index]);

  await using server = await startServe(folder.path);
  const response = await fetch(`${server.url}/api/v1/which`, { method: "POST", body: text });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(fromCommand);
});

test("a migration is judged by the rules of the target that is named", async () => {
  const { migrate } = JSON.parse(await readFile(VECTORS, "utf8")) as Recorded;
  const generations = Object.keys(migrate[0] ?? {}).slice(3);
  const questions = migrate.flatMap((one) => generations.map((generation) => ({ ...one, generation })));
  const { stdout } = await runJam(["which", "--input", "-", "-o", "json"], {
    input: JSON.stringify(questions),
  });
  const { answers } = JSON.parse(stdout) as Answers;
  expect(answers.map(({ juju }) => juju)).toEqual(
    questions.map((one) => (one as Readonly<Record<string, unknown>>)[one.generation]),
  );
});

describe("a mirror with a few releases", async () => {
  await using upstream = await startUpstream();
  const mirror = await temporaryMirror(upstream, {
    select: [
      { stream: "released", versions: "2.8 || 2.9 || 3.6.26 || 4.0", arch: ["amd64", "arm64"] },
      { stream: "released", versions: "3.6.27", arch: ["amd64"] },
    ],
    advice: [
      { to: "2.9.60", severity: "warn", reason: "Take a backup.", link: "https://docs.example/backup" },
      { from: "4.0", to: "4.0.15", severity: "block", reason: "Not in this house." },
    ],
  });
  await mirror.sync();
  afterAll(() => mirror[Symbol.asyncDispose]());

  test.for([
    ["3.6.26", "upgrade", "3.6.27", 0],
    ["3.6.27", "up-to-date", "3.6.27", 0],
    ["3.6.20 --arch amd64 --arch arm64 --safe", "upgrade", "3.6.26", 0],
    ["2.8.13", "upgrade", "2.9.60", 0],
    ["2.9.60 --to 3.6.26", "migrate", "3.6.26", 0],
    ["2.9.60 --to 3.6.9", "not-found", null, 5],
    ["3.6.26 --to 3.6.20", "blocked", null, 5],
    ["2.9.42 --controller 2.9.42 --hosted", "blocked", null, 5],
    ["4.0.13", "blocked", null, 5],
    ["3.5.1", "up-to-date", "3.5.1", 0],
    ["--bootstrap --client 3.6.27", "bootstrap", "3.6.27", 0],
    ["--bootstrap --client 3.6.9", "not-found", null, 5],
    ["--bootstrap --client 3.6.9 --auto-upgrade", "bootstrap", "3.6.27", 0],
    ["--migrate --from-controller 2.9.60 --to-controller 3.6.26", "migrate", "3.6.26", 0],
    ["--migrate --from-controller 2.9.60 --to-controller 4.0.15", "blocked", null, 5],
  ] as const)("jam which %s: %s %s", async ([words, decision, version, exit]) => {
    const { status, stdout } = await mirror.jam("which", ...words.split(" "), "-o", "json");
    expect({ ...(JSON.parse(stdout) as object), status }).toMatchObject({ decision, version, status: exit });
  });

  test("one question has the same answer by command and by query, trace included", async () => {
    await using server = await startServe(mirror.folder);
    const { stdout } = await mirror.jam(
      "which",
      "2.9.42",
      "--controller",
      "2.9.60",
      "--arch",
      "arm64",
      "-o",
      "json",
    );
    const query = "current=2.9.42&controller=2.9.60&arch=arm64";
    const answer: unknown = await (await fetch(`${server.url}/api/v1/which?${query}`)).json();
    expect(answer).toEqual(JSON.parse(stdout));
    expect(answer).toMatchObject({
      decision: "upgrade",
      warnings: [
        { code: "advice", severity: "warn", message: "Take a backup.", link: "https://docs.example/backup" },
      ],
      trace: [
        { kept: expect.arrayContaining(["2.9.60"]) as unknown },
        { dropped: expect.any(Array) as unknown },
      ],
    });
  });

  test("people read the decision, Juju's words, the traps and the rules", async () => {
    const { stdout } = await mirror.jam("which", "2.9.42", "--controller", "2.9.42", "--hosted");
    expect(stdout).toContain("blocked [JAM_UPGRADE_REFUSED]");
    expect(stdout).toContain("model cannot be upgraded to 2.9.60 while the controller is 2.9.42");
    expect(stdout).toContain("next: Upgrade the controller first");
    expect(stdout).toContain("2. The newest of the next minor, else the newest of the current minor.");
  });

  test("a batch leaves the candidates out unless they are asked for", async () => {
    const input = JSON.stringify([{ current: "3.6.26" }]);
    const traceOf = async (...flags: string[]) => {
      const { stdout } = await runJam(["which", "--input", "-", "-o", "json", ...flags], {
        input,
        cwd: mirror.folder,
      });
      return Object.keys((JSON.parse(stdout) as Answers).answers[0]?.trace?.[0] ?? {});
    };
    expect(await traceOf()).toEqual(["rule", "source"]);
    expect(await traceOf("--trace")).toEqual(["rule", "source", "kept", "dropped"]);
  });
});

describe("wrong input is told by field and accepted form:", () => {
  test.for([
    ["which", "current: is missing; expected the agent version of the model, such as 3.6.5.", 2],
    ["which 3.6", 'current: "3.6" is a minor, not a version.', 2],
    ["which 3.6.5 --to latest", 'to: "latest" is not a Juju version.', 2],
    ["which 3.6.5 --controller x", 'controller: "x" is not a Juju version.', 2],
    ["which 3.6.5 --arch amd46", 'arch: "amd46" is not an architecture that Juju knows.', 2],
    ["which 3.6.5 --stream relased", 'stream: nothing here is listed in a stream "relased".', 2],
    ["which 3.6.5 --juju seven", 'juju: "seven" is not a Juju generation.', 2],
    ["which 3.6.5 --model-type lxd", 'model-type: "lxd" is not a model type.', 2],
    ["which 3.6.5 --bootstrap", "current: does not apply to bootstrap questions.", 2],
    ["which --bootstrap", "client: is missing; expected the version of the juju client that bootstraps.", 2],
    [
      "which --migrate --from-controller 3.6.5",
      "to-controller: is missing; expected the version of the target controller.",
      2,
    ],
    ["which 3.6.5 --hosted --controller-model", "hosted: cannot be combined with controller-model.", 2],
    ["which 3.6.5 --input x.json", "--input cannot be combined with other question flags.", 2],
    ["which --input absent.json", "--input: absent.json cannot be read.", 2],
  ] as const)("jam %s", async ([words, message, exit]) => {
    await using folder = await temporaryFolder();
    const { status, stdout } = await runJam([...words.split(" "), "-o", "json"], { cwd: folder.path });
    expect({ status, error: (JSON.parse(stdout) as { error: object }).error }).toMatchObject({
      status: exit,
      error: { message, hint: expect.any(String) as unknown },
    });
  });

  test("a truncated file, and an empty mirror that needs none", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "questions.json"), '[{"current":"3.6');
    const run = (...words: string[]) => runJam([...words, "-o", "json"], { cwd: folder.path });
    const cut = await run("which", "--input", "questions.json");
    expect(cut.status).toBe(2);
    expect(cut.stdout).toContain("questions.json is not JSON.");
    const empty = await run("which", "3.6.5");
    expect(empty.status).toBe(5);
    expect(JSON.parse(empty.stdout)).toMatchObject({
      decision: "not-found",
      code: "JAM_MIRROR_EMPTY",
      upstream: null,
    });
  });
});
