/**
 * Nothing that is printed for pasting does more than it shows. Each command runs twice: with plain names, and with
 * hostile ones in their place. A real shell takes the printed lines apart; apart from the names, both have to agree.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/cli/commands/bundle/verify.ts";
import type { CommandContext } from "../../src/cli/command.ts";
import type { VerifyReport } from "../../src/bundle/verify/verify-report.ts";
import { hasUnprintable } from "../../src/shared/printable.ts";
import { pathWord, shellCommand } from "../../src/shared/shell-command.ts";
import { hostileNames, printableNames } from "../helpers/hostile-names.ts";
import { jamHere, type RanHere } from "../helpers/jam-here.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { fc, test as property } from "../helpers/property.ts";
import { shellWords } from "../helpers/shell-words.ts";
import { runs } from "../helpers/tier.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;
let scratch: string;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["2.9.42", "2.9.60", "3.6.27"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream, { select: [{ stream: "released", arch: ["amd64"] }] });
  await mirror.sync();
  scratch = await mkdtemp(join(tmpdir(), "jam-pasted-"));
  await writeFile(join(scratch, "jam.yaml"), "version: 1\nmode: offline\n");
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const DAMAGED: VerifyReport = {
  bundle: null,
  outcome: "damaged",
  signedBy: null,
  signature: null,
  count: 2,
  volumes: [],
  beside: [],
  affected: [],
  baseline: [],
  repair: { bundle: null, volumeSize: null, volumes: [2] },
  notes: [],
};

/** What stands where a hostile name may stand. */
type Names = Readonly<Record<string, string>>;

const PLAIN = { controller: "ctrlq", model: "modelq", app: "appq", machine: "77", message: "messageq" };

/** Files of one controller with one model, as Juju prints them. */
async function writeFleet(names: typeof PLAIN): Promise<string[]> {
  const { controller, model, app, machine, message } = names;
  const platform = { series: "focal" };
  const status = {
    model: {
      name: model,
      type: "iaas",
      controller,
      cloud: "maas",
      version: "2.9.42",
      "model-status": { current: "busy", message },
    },
    machines: {
      [machine]: {
        "juju-status": { current: "down", message, version: "2.9.40" },
        "machine-status": { current: "running" },
        ...platform,
        hardware: "arch=amd64",
      },
    },
    applications: {
      [app]: {
        charm: `cs:${app}`,
        ...platform,
        "charm-origin": "charmstore",
        "charm-name": app,
        "application-status": { current: "active" },
        units: {
          [`${app}/0`]: {
            "workload-status": { current: "active" },
            "juju-status": { current: "lost", message, version: "2.9.40" },
            machine,
          },
        },
      },
    },
  };
  const show = {
    [controller]: { details: { "agent-version": "2.9.42", cloud: "maas", "controller-uuid": "c-1" } },
  };
  const files = [join(scratch, "status.json"), join(scratch, "controller.json")];
  await writeFile(files[0] ?? "", JSON.stringify(status));
  await writeFile(files[1] ?? "", JSON.stringify(show));
  return files;
}

/** A command, its output in every format, and the lines in it that are commands. */
interface Printed {
  readonly json: RanHere;
  readonly texts: readonly RanHere[];
  readonly lines: readonly string[];
}

/** Runs a command for JSON, and with each set of further arguments for people. */
async function print(
  argv: readonly string[],
  extra: readonly (readonly string[])[] = [[]],
): Promise<Printed> {
  const json = await jamHere(mirror.folder, [...argv, "-o", "json"]);
  const texts: RanHere[] = [];
  for (const more of extra) texts.push(await jamHere(mirror.folder, [...argv, ...more]));
  for (const ran of [json, ...texts]) expectPrintable(ran);
  return { json, texts, lines: commandsIn(JSON.parse(json.stdout)) };
}

function expectPrintable({ stdout, stderr }: Pick<RanHere, "stdout" | "stderr">): void {
  const bad = `${stdout}\n${stderr}`.split("\n").filter(hasUnprintable);
  expect(bad).toEqual([]);
}

/** Fields of documents that hold commands. */
const COMMAND_FIELDS = new Set(["command", "commands", "next", "look", "fetch", "settings"]);

function commandsIn(value: unknown, key = ""): string[] {
  if (typeof value === "string") return COMMAND_FIELDS.has(key) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => commandsIn(one, key));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => commandsIn(inner, name));
}

/** Names with which a file may be refused altogether. */
const mayRefuse = (name: string) => hasUnprintable(name) || name.startsWith("-") || name === "__proto__";

/** That `hostile` is `plain` with other names: word for word, line for line. */
function expectSameButNames(hostile: Printed, plain: Printed, pairs: readonly (readonly [string, string])[]) {
  if (hostile.json.status !== plain.json.status) {
    expect(JSON.parse(hostile.json.stdout)).toMatchObject({ error: { code: "JAM_FLEET_INVALID" } });
    expect(pairs.some(([, name]) => mayRefuse(name))).toBe(true);
    return;
  }
  expect(hostile.lines).toHaveLength(plain.lines.length);
  for (const [index, { stdout }] of hostile.texts.entries()) {
    const [plainLines, lines] = [linesOf(plain.texts[index]?.stdout ?? ""), linesOf(stdout)];
    expect(lines).toHaveLength(plainLines.length);
    // What the text for people shows of the commands, it shows as the document has them.
    for (const [at, line] of plain.lines.entries()) {
      if (plainLines.includes(line)) expect(lines).toContain(hostile.lines[at]);
    }
  }
  const words = shellWords([...plain.lines, ...hostile.lines]);
  for (const [index, line] of plain.lines.entries()) {
    const involved = pairs
      .filter(([token]) => line.replaceAll(/juju-backup-\w+/g, "").includes(token))
      .map(([, name]) => name);
    const found = hostile.lines[index] ?? "";
    const mustRefuse = involved.some(hasUnprintable);
    const isRefused = !line.startsWith("#") && found.startsWith("#");
    if (mustRefuse) expect(found).toMatch(/^#/);
    if (isRefused) {
      expect(found).toMatch(/^# [\w -]+ cannot be pasted: /);
      expect(mustRefuse || involved.some((name) => name.startsWith("-"))).toBe(true);
      expect(words[plain.lines.length + index]).toEqual([]);
      continue;
    }
    expect(countOptions(words[plain.lines.length + index]), found).toBe(countOptions(words[index]));
    const expected = words[index]?.map((command) => command.map((word) => replaceNames(word, pairs)));
    expect(words[plain.lines.length + index]?.map(String).sort(), found).toEqual(
      expected?.map(String).sort(),
    );
  }
}

/** Lines without their indent; what goes over several with a backslash is one. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/ \\\n\s+(?=--)/g, " ")
    .split("\n")
    .map((line) => line.trim());
}

function countOptions(commands: readonly (readonly string[])[] = []): number {
  return commands.flat().filter((word) => word.startsWith("-")).length;
}

function replaceNames(word: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce(
    (text, [token, name]) =>
      // The name of a file has no characters that scp takes for more than a name.
      text
        .replace(`juju-backup-${token}`, `juju-backup-${name.replaceAll(/[^\w.-]/g, "-")}`)
        .split(token)
        .join(name),
    word,
  );
}

function pairsOf(names: Names): (readonly [string, string])[] {
  return Object.entries(PLAIN).map(([key, token]) => [token, names[key] ?? token]);
}

/** The fleet's reader refuses some names; most samples have none of those, so that there is a plan to look at. */
const planNames = printableNames.filter((name) => !name.startsWith("-"));
const fleets = fc.oneof(
  { weight: 1, arbitrary: fleetOf(hostileNames, hostileNames) },
  { weight: 4, arbitrary: fleetOf(planNames, hostileNames) },
);

function fleetOf(names: fc.Arbitrary<string>, texts: fc.Arbitrary<string>) {
  return fc.record({ controller: names, model: names, app: names, machine: names, message: texts });
}

property.prop([fc.array(printableNames, { minLength: 80, maxLength: 120 })], runs(4))(
  "any name that prints is one word, wherever it stands",
  (names) => {
    const lines = names.map(
      (name) =>
        shellCommand`juju status ${pathWord(name)} -m ${`m:${name}`} --x=${name} ${[name, "y"].filter((one) => !one.startsWith("-"))}    # ${`c ${name}`}`,
    );
    const expected = names.map((name) => [
      [
        "juju",
        "status",
        name.startsWith("-") ? `./${name}` : name,
        "-m",
        `m:${name}`,
        `--x=${name}`,
        ...(name.startsWith("-") ? [] : [name]),
        "y",
      ],
    ]);
    expect(shellWords(lines)).toEqual(expected);
    const remote = names.map((name) => shellCommand`juju ssh 0 -- sudo cat ${`/x ${name}`}`);
    expect(shellWords(remote)).toEqual(
      names.map((name) => [["juju", "ssh", "0", "--", "sudo", "cat", `/x ${name}`]]),
    );
  },
);

function planned(...flags: string[]): string[] {
  return ["plan", "--held", "--to", "3.6", ...flags];
}

describe("names in the files of a fleet", () => {
  let plan: Printed;
  let upgraded: Printed;

  beforeAll(async () => {
    const files = await writeFleet({ ...PLAIN, machine: "0" });
    plan = await print(planned("--fleet", ...files), [[], ["--markdown"]]);
    upgraded = await print(["upgraded", "--to", "2.9.60", ...(await writeFleet(PLAIN))]);
  });

  property.prop([fleets], runs(5))("stay within their word in every command of a plan", async (names) => {
    const files = await writeFleet({ ...names, machine: "0" });
    const printed = await print(planned("--fleet", ...files), [[], ["--markdown"]]);
    expectSameButNames(printed, plan, pairsOf({ ...names, machine: "77" }));
  });

  property.prop([fleets], runs(5))("stay within their word in every step of upgraded", async (names) => {
    const printed = await print(["upgraded", "--to", "2.9.60", ...(await writeFleet(names))]);
    expectSameButNames(printed, upgraded, pairsOf(names));
  });

  property.prop([fleets], runs(3))(
    "stay within their word in what ready says of their plan",
    async (names) => {
      const ready = async (own: typeof PLAIN) => {
        const files = await writeFleet(own);
        const made = await jamHere(mirror.folder, planned("-o", "json", "--fleet", ...files));
        await writeFile(join(scratch, "plan.json"), made.stdout);
        return print(["ready", "--plan", join(scratch, "plan.json")]);
      };
      const plain = await ready({ ...PLAIN, machine: "0" });
      const hostile = await ready({ ...names, machine: "0" });
      if (hostile.json.stdout.includes("is the error message of a jam command")) return;
      expectSameButNames(hostile, plain, pairsOf({ ...names, machine: "77" }));
    },
  );

  test.for([
    ["a line break", "juju status\nid"],
    ["a direction mark", "juju status \u{202e}x"],
    ["an escape sequence", "\u{1b}[2Jid"],
  ] as const)("cannot come into ready as %s in a command of a plan", async ([, command]) => {
    const text = plan.json.stdout.replace(/"command": "[^"]*"/, `"command": ${JSON.stringify(command)}`);
    await writeFile(join(scratch, "bad.json"), text);
    const { status, stderr } = await jamHere(mirror.folder, ["ready", "--plan", join(scratch, "bad.json")]);
    expect({ status, code: /JAM_\w+/.exec(stderr)?.[0] }).toEqual({ status: 2, code: "JAM_PLAN_INVALID" });
  });
});

describe("names that are typed", () => {
  const wanted = fc.record({ controller: hostileNames, model: hostileNames });

  property.prop([wanted, fc.constantFrom("2.8", "2.9", "3.6", "4.0")], runs(10))(
    "stay within their word in every command of connect",
    async ({ controller, model }, juju) => {
      const connect = (one: string, other: string) =>
        print([
          "connect",
          "--juju",
          juju,
          "--url",
          "http://mirror/tools",
          `--controller=${one}`,
          `--model=${other}`,
        ]);
      const plain = await connect(PLAIN.controller, PLAIN.model);
      expectSameButNames(await connect(controller, model), plain, pairsOf({ controller, model }));
    },
  );

  /** Names that a file can have. */
  const paths = hostileNames
    .map((name) => name.replaceAll("\0", "").toWellFormed())
    .filter((name) => !["", ".", "..", "-"].includes(name));

  property.prop([paths, fc.constantFrom([], ["--cron"], ["--systemd"])], runs(10))(
    "stay within their word in what init says to do next, and in what it writes",
    async (name, flags) => {
      const init = async (folder: string) => {
        const base = await mkdtemp(join(scratch, "init-"));
        const place = ["--dir", join(base, folder), "-c", join(base, folder, "jam.yaml")];
        const data = ["--data", join(base, folder, "data")];
        const printed = await print(["init", ...place, ...data, ...flags, "--force"]);
        const files = await readdir(join(base, folder)).catch(() => []);
        const texts = files.map(
          async (file) => [file, await readFile(join(base, folder, file), "utf8")] as const,
        );
        return { base, printed, texts: new Map(await Promise.all(texts)) };
      };
      const [plain, hostile] = [await init("folderq"), await init(name)];
      if (hostile.printed.json.status !== 0) {
        expect(JSON.parse(hostile.printed.json.stdout)).toMatchObject({
          error: { code: "JAM_USAGE_INVALID" },
        });
        expect(hasUnprintable(name)).toBe(true);
        return;
      }
      const pairs = [[join(plain.base, "folderq"), join(hostile.base, name)]] as const;
      expectSameButNames(hostile.printed, plain.printed, pairs);
      const cron = hostile.texts.get("jam.cron");
      if (cron !== undefined) {
        // cron itself reads `\\%`, a shell the rest.
        const command = cron
          .trim()
          .split("\n")
          .at(-1)
          ?.replace(/^(\S+ ){5}/, "")
          .replaceAll("\\%", "%");
        const config = join(hostile.base, name, "jam.yaml");
        expect(shellWords([`say ${command ?? ""}`])[0]?.[0]?.slice(2)).toEqual([
          "--config",
          config,
          "sync",
          "--quiet",
        ]);
      }
      for (const [file, text] of plain.texts) {
        expect(hostile.texts.get(file)?.split("\n"), file).toHaveLength(text.split("\n").length);
      }
    },
  );

  property.prop([paths], runs(20))("stay within their word in the next step of bundle verify", (name) => {
    const found = repairStep(name);
    expect(found.filter(hasUnprintable)).toEqual([]);
    if (hasUnprintable(name)) expect(found[0]).toMatch(/^# jam bundle repair cannot be pasted: /);
    else {
      const path = name.startsWith("-") ? `./${name}` : name;
      expect(shellWords(found)).toEqual([[["jam", "bundle", "repair", path]]]);
    }
  });

  const CALLS: readonly ((name: string) => string[])[] = [
    (name) => ["plan", "--to", "3.6", "--fleet", name],
    (name) => ["plan", "--from", name, "--to", "3.6"],
    (name) => ["plan", "--from", "2.9.60", "--to", "3.6", `--arch=${name}`],
    (name) => ["ready", "--plan", name],
    (name) => ["upgraded", "--", name],
    (name) => ["which", "--current", name],
    (name) => ["which", "--input", name],
    (name) => ["list", "--", name],
    (name) => ["explain", "--", name],
    (name) => ["sync", "--plan", name],
    (name) => ["config", "validate", "--", name],
    (name) => ["check", "-c", name],
    (name) => ["key", "trust", "--", name],
    (name) => ["key", "distrust", "--", name],
    (name) => ["site", "update", "--", name],
    (name) => ["site", "remove", "--", name],
    (name) => ["inventory", "--fleet", name],
    (name) => ["bundle", "import", "--", name],
    (name) => ["bundle", "inspect", "--", name],
    (name) => ["bundle", "verify", "--", name],
    (name) => ["bundle", "repair", "--", name],
    (name) => ["bundle", "create", `--snapshot=${name}`, "--to", scratch],
    (name) => ["connect", "--url", name],
    (name) => ["connect", "--juju", name],
    (name) => ["help", name],
    (name) => [`x${name}`],
    (name) => ["list", `--${name}`],
    (name) => ["list", "-o", name],
  ];

  property.prop([paths, fc.constantFrom(...CALLS)], runs(60))(
    "add no line to an error message",
    async (name, call) => {
      const [plain, hostile] = [await jamHere(scratch, call("nobodyq")), await jamHere(scratch, call(name))];
      expectPrintable(hostile);
      // Names that mean something to the command are answered in another way.
      if (hostile.status !== plain.status || hostile.stdout !== plain.stdout) return;
      const codes = [plain, hostile].map(({ stderr }) => /\[JAM_\w+\]/.exec(stderr)?.[0]);
      if (codes[0] === codes[1]) expect(lineHeads(hostile.stderr)).toEqual(lineHeads(plain.stderr));
    },
  );
});

/** The command in the report of a damaged bundle at `path`. */
function repairStep(path: string): string[] {
  const text = renderReport(DAMAGED, { paint: (_style, shown) => shown } as CommandContext, [path]);
  return text.split("\n").flatMap((line) => /^Repair volume [^:]*: (.*)$/.exec(line)?.[1] ?? []);
}

/** What each line starts with: `error`, `cause`, `next`. */
function lineHeads(text: string): string[] {
  return text.split("\n").map((line) => line.split(/[: ]/, 1)[0] ?? "");
}
