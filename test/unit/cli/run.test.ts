import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CommandEntry, DefineCommand } from "../../../src/cli/command.ts";
import type { CommandIo, OutputStream } from "../../../src/cli/io.ts";
import { HELP_TOPICS } from "../../../src/cli/help-topics.ts";
import { run } from "../../../src/cli/run.ts";
import { JamError } from "../../../src/shared/errors.ts";
import { hasUnprintable } from "../../../src/shared/printable.ts";

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly loaded: readonly string[];
}

interface GreetFlags {
  readonly loud?: true;
  readonly tone?: string;
}

const greet: DefineCommand = (command, run) => {
  command
    .argument("<name>")
    .option("--loud")
    .addHelpText("after", "\nExample: jam greet Ada")
    .addOption(command.createOption("--tone <tone>").choices(["warm", "cold"]))
    .action(
      run<GreetFlags>(async (context, { args, options }) => {
        if (args[0] === "nobody") {
          throw new JamError("JAM_NOT_FOUND", "Nobody is here.", {
            hint: "Come back later.",
            details: { name: "nobody" },
          });
        }
        const text = `Hello ${String(args[0])}${options.loud === true ? "!" : ""}`;
        await context.output.note("noted");
        await context.output.print({ text, data: context.globals.data }, () => context.paint("bold", text));
        return args[0] === "part" ? 3 : 0;
      }),
    );
};

const wait: DefineCommand = (command, run) => {
  command.action(
    run(
      (context) =>
        new Promise((_, reject) => context.signal.addEventListener("abort", () => reject(new Error("torn")))),
    ),
  );
};

async function jam(
  argv: readonly string[],
  env: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written): OutputStream => ({
    write: (text) => {
      written[name] += text;
      return Promise.resolve();
    },
    isTTY: env["TTY"] !== undefined,
    columns: () => 80,
  });
  const io: CommandIo = { stdout: stream("stdout"), stderr: stream("stderr"), env, cwd: "/" };
  const loaded: string[] = [];
  const entry = (name: string, define: DefineCommand): CommandEntry => ({
    name,
    summary: `the command ${name}`,
    group: "start",
    load: () => {
      loaded.push(name);
      return Promise.resolve({ define });
    },
  });
  const commands = [entry("greet", greet), entry("wait", wait)];
  const status = await run({ argv, io, signal: signal ?? new AbortController().signal, commands });
  return { status, ...written, loaded };
}

test("runs the command that is named and loads no other", async () => {
  expect(await jam(["greet", "Ada"])).toEqual({
    status: 0,
    stdout: "Hello Ada\n",
    stderr: "noted\n",
    loaded: ["greet"],
  });
});

test("a command's own exit status counts", async () => {
  expect((await jam(["greet", "part"])).status).toBe(3);
});

test.for([
  [["-o", "json", "greet", "Ada"]],
  [["greet", "-o", "json", "Ada"]],
  [["greet", "Ada", "--output=json"]],
  [["--data", "x", "greet", "Ada", "-ojson"]],
] as const)("takes global flags anywhere: %s", async ([argv]) => {
  expect(JSON.parse((await jam(argv)).stdout)).toMatchObject({ text: "Hello Ada" });
});

test("prints YAML when asked to", async () => {
  expect((await jam(["greet", "Ada", "-o", "yaml"])).stdout).toBe("text: Hello Ada\n");
});

test("takes the output from the environment, below the flag", async () => {
  expect((await jam(["greet", "Ada"], { JAM_OUTPUT: "json" })).stdout).toMatch(/^\{/);
  expect((await jam(["greet", "Ada", "-o", "table"], { JAM_OUTPUT: "json" })).stdout).toBe("Hello Ada\n");
});

test("says nothing beside the result with --quiet", async () => {
  expect((await jam(["greet", "Ada", "--quiet"])).stderr).toBe("");
});

describe("colours", () => {
  test("are for terminals", async () => {
    expect((await jam(["greet", "Ada"], { TTY: "1" })).stdout).toBe("\u001B[1mHello Ada\u001B[22m\n");
  });

  test.for([
    [["greet", "Ada", "--no-color"], { TTY: "1" }],
    [["greet", "Ada"], { TTY: "1", NO_COLOR: "1" }],
    [["greet", "Ada"], { TTY: "1", TERM: "dumb" }],
    [["greet", "Ada"], {}],
  ] as const)("are left out: %j", async ([argv, env]) => {
    expect((await jam(argv, env)).stdout).toBe("Hello Ada\n");
  });
});

describe("an error", () => {
  test("says what happened, its code and what to do next, and sets the exit status", async () => {
    const { status, stdout, stderr } = await jam(["greet", "nobody"]);
    expect({ status, stdout, stderr }).toEqual({
      status: 5,
      stdout: "",
      stderr: "error: Nobody is here. [JAM_NOT_FOUND]\nnext:  Come back later.\n",
    });
  });

  test("is one JSON document on standard output when asked for", async () => {
    const { stdout, stderr } = await jam(["greet", "nobody", "-o", "json"]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "JAM_NOT_FOUND",
        message: "Nobody is here.",
        hint: "Come back later.",
        details: { name: "nobody" },
      },
    });
  });
});

describe("wrong usage", () => {
  test.for([
    [["gret", "Ada"], "Unknown command 'gret'.", "Did you mean greet?"],
    [["greet", "Ada", "--lout"], "Unknown option '--lout'.", "Did you mean --loud?"],
    [["greet", "Ada", "--tone", "warn"], "argument 'warn' is invalid", "Did you mean warm?"],
    [["greet", "Ada", "-o", "jsn"], "argument 'jsn' is invalid", "Did you mean json?"],
    [["greet"], "Missing required argument 'name'.", "`jam greet --help`"],
    [["greet", "Ada", "Eve"], "Too many arguments", "`jam greet --help`"],
    [["greet", "Ada", "--data"], "argument missing", "`jam greet --help`"],
    [["help", "gret"], 'No help topic "gret".', "Did you mean greet?"],
  ] as const)("%j", async ([argv, message, hint]) => {
    const { status, stderr } = await jam(argv);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  test("is reported as JSON too, wherever -o stands", async () => {
    const { status, stdout } = await jam(["gret", "-o", "json"]);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "JAM_USAGE_INVALID", hint: "Did you mean greet?" },
    });
  });

  test("of the environment is refused with the nearest value", async () => {
    const { status, stderr } = await jam(["greet", "Ada"], { JAM_PROGRESS: "plan" });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/JAM_PROGRESS: "plan"[^]*Did you mean plain\?/),
    ]);
  });
});

describe("help", () => {
  test("lists every command without loading one", async () => {
    const { status, stdout, loaded } = await jam(["--help"]);
    expect([status, loaded]).toEqual([0, []]);
    expect(stdout).toMatch(/Start here:\n {2}greet +the command greet/);
    expect(stdout).toContain("Examples:");
  });

  test("of a command is the same by `help greet` and `greet --help`", async () => {
    const [a, b] = await Promise.all([jam(["help", "greet"]), jam(["greet", "--help"])]);
    expect(a.stdout).toBe(b.stdout);
    expect(a.stdout).toContain("--loud");
    expect(a.stdout).toContain("Example: jam greet Ada");
  });

  test("explains exit codes", async () => {
    expect((await jam(["help", "exit-codes"])).stdout).toContain("  8  no space");
  });

  test("is shown on standard error where a command is missing, which is no success", async () => {
    const { status, stdout, stderr } = await jam([]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Start here:");
  });
});

test("a signal makes whatever fails a cancellation", async () => {
  const cancel = new AbortController();
  const running = jam(["wait"], {}, cancel.signal);
  setTimeout(() => cancel.abort(), 10);
  const { status, stderr } = await running;
  expect([status, stderr]).toEqual([130, expect.stringContaining("JAM_CANCELLED")]);
});

test("the help's own summary names every topic", async () => {
  const { stdout } = await jam(["--help"]);
  for (const topic of Object.keys(HELP_TOPICS))
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(new RegExp(`show help for a command, [^.]*${topic}`));
});

describe("what does not print", () => {
  const name = "\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{feff}\u{e0001}é";

  test("is escaped in a result for people", async () => {
    const { stdout } = await jam(["greet", name]);
    expect(stdout).toBe(`Hello ${String.raw`\u{1b}[2J\u{9b}\u{202e}\u{2028}\u{feff}\u{e0001}`}é\n`);
  });

  test("leaves a terminal its colours", async () => {
    const { stdout } = await jam(["greet", "\u{1b}[2J"], { TTY: "1" });
    expect(stdout).toBe("\u{1b}[1mHello \\u{1b}[2J\u{1b}[22m\n");
  });

  test.for(["json", "yaml"] as const)("is escaped in %s and read back the same", async (format) => {
    const { stdout } = await jam(["greet", `${name}\n`, "-o", format]);
    expect(stdout.split("\n").some(hasUnprintable)).toBe(false);
    expect(parse(stdout)).toMatchObject({ text: `Hello ${name}\n` });
  });

  test("is escaped in an error, whose lines are its own", async () => {
    const { stderr } = await jam(["shout", "\u{1b}a\nnext:  rm b"]);
    expect(stderr.split("\n").some(hasUnprintable)).toBe(false);
    const error = new JamError("JAM_NOT_FOUND", "no a\nb", { hint: "c\u{202e}\nd", lines: ["e\nf", "g"] });
    expect(error.message).toBe("no a\\u{a}b\ne\\u{a}f\ng");
    expect(error.hint).toBe("c\\u{202e}\\u{a}d");
  });
});

describe("short forms", () => {
  test.for([
    ["--json", "-o", "json"],
    ["-q", "--quiet", ""],
  ])("%s means %s %s", async ([short, ...long]) => {
    const words = long.filter((word) => word !== "");
    const [one, other] = await Promise.all([
      jam(["greet", "Ada", short as string]),
      jam(["greet", "Ada", ...words]),
    ]);
    expect(one).toEqual(other);
    expect(one.status).toBe(0);
  });

  test("-V prints the version alone, and jam --json reports errors as JSON", async () => {
    expect((await jam(["-V"])).stdout).toBe((await jam(["--version"])).stdout);
    const { status, stdout } = await jam(["--json", "greet", "nobody"]);
    expect(status).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "JAM_NOT_FOUND" } });
  });

  test.for([
    [["greet", "Ada", "--json", "-o", "yaml"], "--json cannot be combined with --output yaml"],
    [["greet", "Ada", "-v", "--log-level", "warn"], "--verbose cannot be combined with --log-level warn"],
  ] as const)("%j is refused", async ([argv, message]) => {
    const { status, stdout, stderr } = await jam(argv);
    expect(status).toBe(2);
    expect(stdout + stderr).toContain(message);
  });
});

test("the help of a command names the global options, and a topic describes them", async () => {
  const { stdout } = await jam(["greet", "--help"]);
  expect(stdout).toContain("--quiet");
  expect(stdout).not.toContain("print only results");
  expect((await jam(["help", "options"])).stdout).toContain("print only results");
});
