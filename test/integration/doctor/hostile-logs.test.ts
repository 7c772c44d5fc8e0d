/** Logs that nobody should write: `jam doctor` stays calm, and says what it could not read. */
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { askDoctor } from "../../helpers/doctor.ts";
import { goldenMirror } from "../../helpers/golden-mirror.ts";
import { runJam } from "../../helpers/jam-process.ts";
import { jamHere } from "../../helpers/jam-here.ts";

const golden = await goldenMirror();
const { mirror } = golden;
afterAll(() => golden[Symbol.asyncDispose]());

const lineOf = (url: string, userAgent = "Go-http-client/1.1", status = 404) =>
  `${JSON.stringify({ level: "info", time: new Date().toISOString(), method: "GET", url, status, bytes: 1, ms: 1, remote: "10.0.0.7", userAgent, aborted: false, msg: "request" })}\n`;

const GOOD = lineOf("/tools/streams/v1/index2.sjson");

test("control characters of a log never reach a terminal", async () => {
  const evil = "\u001b]0;owned\u0007\u001b[2J\u202e\u009b31m";
  const log = [
    lineOf(`/${evil}/streams/v1/index2.json`),
    lineOf(`/channel/${evil}/tools/streams/v1/index2.json`),
    lineOf("/tools/streams/v1/index2.sjson", evil),
    `\u001b[31mnot a line\n`,
  ].join("");
  await writeFile(join(mirror.folder, "evil.log"), log);
  await writeFile(join(mirror.folder, "evil.txt"), `ERROR ${evil} agent binaries\nERROR x509: ${evil}\n`);
  for (const columns of [undefined, 80]) {
    const { stdout, stderr, status } = await jamHere(
      mirror.folder,
      ["doctor", "--no-color", "evil.log", "--juju", "evil.txt"],
      columns === undefined ? {} : { columns },
    );
    expect(status).toBe(3);
    expect(stdout + stderr).toMatch(/\\u\{1b\}/);
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/\p{Cc}|\p{Cf}/u);
  }
});

test("lines without end, bytes without sense and empty lines leave the rest readable", async () => {
  const file = await open(join(mirror.folder, "long.log"), "w");
  await file.write(GOOD);
  for (let times = 0; times < 64; times += 1) await file.write(Buffer.alloc(1024 * 1024, "x"));
  await file.write("\n\n\n");
  await file.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
  await file.write(GOOD.trimEnd());
  await file.close();
  const found = await askDoctor(mirror, {}, "long.log");
  expect(found.document.inputs[0]).toMatchObject({ format: "jam", lines: 4, requests: 2, unread: 2 });
  const [unread] = found.of("line-unreadable");
  expect(unread).toMatchObject({ severity: "unknown", count: 2, where: "long.log:2" });
  expect(unread?.seen[0]?.line.length).toBeLessThan(1_000);
  expect(found.status).toBe(3);
});

test("a flood of different nonsense hides nothing and is counted", async () => {
  const flood = Array.from({ length: 3_000 }, (_, index) =>
    lineOf(`/wrong-${index}/streams/v1/index2.json`, `agent-${index}`),
  );
  const log = [...flood, lineOf("/tools/tools/streams/v1/index2.json")].join("");
  const found = await askDoctor(mirror, { "flood.log": log }, "flood.log");
  expect(found.of("address-doubled")).toHaveLength(1);
  const wrong = found.of("address-wrong");
  expect(wrong.length).toBeLessThan(200);
  expect(wrong.reduce((sum, { count }) => sum + count, 0)).toBe(3_000);
});

test("messages of Juju that are not known are unknown, line by line; known ones are not", async () => {
  const text = [
    "machine-0: 03:00:00 INFO juju.worker.x all is well",
    'machine-0: 03:00:01 ERROR juju.worker.dependency "upgrader" manifold worker returned unexpected error: the moon is full',
    "machine-1: 03:00:02 WARNING juju.worker.y something 12",
    "machine-1: 03:00:03 WARNING juju.worker.y something 13",
    "machine-0: 03:00:04 ERROR juju.apiserver GET(/tools/3.6.11-ubuntu-arm64) failed: no matching agent binaries available",
  ].join("\n");
  const found = await askDoctor(mirror, { "debug.txt": text }, "debug.txt");
  expect(found.document.inputs[0]).toMatchObject({ format: "juju", lines: 5 });
  expect(found.of("message-unknown").map(({ where, count }) => [where, count])).toEqual([
    ["debug.txt:3", 2],
    ["debug.txt:2", 1],
  ]);
  expect(found.of("no-match-told")).toEqual([expect.objectContaining({ version: "3.6.11", arch: "arm64" })]);
});

test("what Juju says is not put in quotes, because it has its own", async () => {
  const text =
    'ERROR cannot access URL "http://10.0.0.1/tools/streams/v1/index2.json", "500 Internal Server Error"\n';
  const found = await askDoctor(mirror, { "says.txt": text }, "--juju", "says.txt");
  const finding = found.document.findings.find(({ check }) => check === "answers");
  expect(finding?.found).toMatch(/^Juju says, at 10\.0\.0\.1: cannot access URL "http:/);
});

describe("what is no log is refused, and said what it is", () => {
  test.for([
    ["not a log", "Dear operator,\n"],
    ["error log of nginx", "2026/11/30 03:00:00 [error] 7#7: *1 open() failed\n"],
    ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
    ["not whole", gzipSync(GOOD.repeat(1_000)).subarray(0, 120)],
    ["the output of a juju command", '{"model":{"name":"web"},"machines":{}}\n'],
    ["JSON that is cut", GOOD.slice(0, 60)],
    ["JSON of another program", '{"ts":1,"msg":"hello"}\n{"ts":2'],
    ["not text", Buffer.from([0, 1, 2, 3, 0, 255, 254, 10])],
  ] as const)("%s", async ([what, content]) => {
    await writeFile(join(mirror.folder, "foreign"), content);
    const { status, stdout } = await jamHere(mirror.folder, ["doctor", "foreign", "-o", "json"]);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect([status, error.code]).toEqual([2, "JAM_LOG_FOREIGN"]);
    expect(error.message).toContain(what);
    expect(error.hint).not.toBe("");
  });

  test.for([
    [["b.bin"]],
    [["--juju", "b.bin"]],
    [["--log-format", "juju", "b.bin"]],
    [["--log-format", "combined", "b.bin"]],
    [["--log-format", "jam", "b.bin"]],
  ] as const)("bytes that are not text are named and never shown: jam doctor %j", async ([args]) => {
    const bytes = Buffer.from(
      Array.from({ length: 4_000 }, (_, at) => (at % 97 === 0 ? 10 : (at * 7) % 256)),
    );
    await writeFile(join(mirror.folder, "b.bin"), bytes);
    const { status, stdout, stderr } = await jamHere(mirror.folder, ["doctor", ...args]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("error: b.bin is not text. [JAM_LOG_FOREIGN]");
    expect(stderr).not.toMatch(/\\u\{|\ufffd/u);
  });

  test.for([
    ["an access log", GOOD],
    ["a log of Juju", "ERROR no matching agent binaries available\n"],
  ] as const)("zero bytes in the middle of %s are a line that cannot be read", async ([, line]) => {
    const zeros = Buffer.alloc(3_000);
    const log = Buffer.concat([Buffer.from(line.repeat(300)), zeros, Buffer.from(`\n${line}`)]);
    await writeFile(join(mirror.folder, "crashed.log"), log);
    const { status, stdout } = await jamHere(mirror.folder, ["doctor", "crashed.log"]);
    expect(status).toBe(3);
    expect(stdout).toMatch(/line-unreadable.*\n.*\(once\)\n +crashed\.log:301 {2}\(not text\)\n/);
    expect(stdout).not.toContain("\\u{0}");
  });

  test.for([[["--juju"]], [[]]] as const)("a text in the place of a file: jam doctor %j", async ([flags]) => {
    const text = "ERROR no matching agent binaries available";
    const { status, stderr } = await jamHere(mirror.folder, ["doctor", ...flags, text]);
    expect(status).toBe(2);
    expect(stderr).toContain("This names a file. For a text, pipe it: echo 'ERROR …' | jam doctor --juju -");
  });

  test("also where a format is named that it does not have", async () => {
    await writeFile(join(mirror.folder, "r.log"), GOOD);
    const { status, stderr } = await jamHere(mirror.folder, ["doctor", "--log-format", "combined", "r.log"]);
    expect(status).toBe(2);
    expect(stderr).toContain("JAM_LOG_FOREIGN");
    const asJuju = await jamHere(mirror.folder, ["doctor", "--log-format", "juju", "r.log"]);
    expect(asJuju.stderr).toContain("r.log is not in the format juju, but jam");
    expect((await askDoctor(mirror, {}, "--log-format", "jam", "r.log")).document.inputs[0]?.requests).toBe(
      1,
    );
  });

  test.for([
    [["doctor", "missing.log"], "cannot be read"],
    [["doctor", "."], "is a folder"],
    [["doctor", "-", "--juju", "-"], "once only"],
    [["doctor", "--since", "yesterday"], "is not a time"],
    [["doctor", "--channel", "prod"], "--url"],
  ] as const)("%j", async ([argv, words]) => {
    const { status, stderr } = await jamHere(mirror.folder, argv);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
  });
});

test("standard input is read as a file is, for either of its uses", async () => {
  const input = lineOf("/tools/tools/streams/v1/index2.json");
  const piped = await runJam(["doctor", "-"], { cwd: mirror.folder, input });
  expect(piped).toMatchObject({ status: 3, stdout: expect.stringContaining("standard input:1") });
  const words = { cwd: mirror.folder, input: "ERROR no matching agent binaries available\n" };
  const told = await runJam(["doctor", "--juju", "-", "-o", "json"], words);
  expect(told).toMatchObject({ status: 3, stdout: expect.stringContaining("no-match-told") });
});

test("without a log, and with an empty one, nothing is known about clients", async () => {
  expect((await askDoctor(mirror, {})).wrong).toEqual(["log-not-given"]);
  const found = await askDoctor(mirror, { "empty.log": "" }, "empty.log");
  expect(found.wrong).toEqual(["log-without-lines"]);
  expect(found.status).toBe(3);
  const { checks, notChecked } = found.document;
  expect(checks.map(({ id }) => id)).not.toContain("came");
  expect(notChecked.map(({ id }) => id)).toContain("came");
});

test("what Juju says is nothing: that is unknown, alone and next to a log", async () => {
  for (const [text, ...logs] of [[""], ["\n \n"], ["", "some.log"]] as const) {
    const files = { "empty.txt": text, "some.log": GOOD };
    const found = await askDoctor(mirror, files, ...logs, "--juju", "empty.txt");
    expect(found.status).toBe(3);
    expect(found.of("juju-without-words")).toMatchObject([{ severity: "unknown", where: "empty.txt" }]);
  }
});

test("a time in which the log has no request is named as such", async () => {
  for (const span of [
    ["--since", "2100-01-01"],
    ["--until", "2000-01-01"],
    ["--since", "1h", "--until", "2h"],
  ]) {
    const found = await askDoctor(mirror, { "good.log": GOOD }, ...span, "good.log");
    expect(found.status).toBe(3);
    expect(found.wrong).toEqual(["never-came"]);
    expect(found.of("never-came")).toMatchObject([
      { severity: "unknown", next: expect.stringContaining("leave --since and --until out") },
    ]);
  }
});

test("a mirror that cannot be read is a finding, and the log is read all the same", async () => {
  await writeFile(join(mirror.folder, "doubled.log"), lineOf("/tools/tools/streams/v1/index2.json"));
  const { stdout, status } = await jamHere(mirror.folder, [
    "doctor",
    "--data",
    join(mirror.folder, "nowhere"),
    "-o",
    "json",
    "doubled.log",
  ]);
  expect(status).toBe(3);
  expect(stdout).toContain("mirror-empty");
  expect(stdout).toContain("address-doubled");
});
