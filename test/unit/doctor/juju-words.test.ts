import { describe, expect, test } from "vitest";
import { WordsExamination } from "../../../src/doctor/juju/examine-words.ts";
import { isJujuLine, readJujuLine } from "../../../src/doctor/juju/juju-line.ts";
import { JUJU_MESSAGES } from "../../../src/doctor/juju/messages.ts";

const NOW = new Date("2026-11-30T03:00:00Z");

function examine(...lines: readonly string[]): WordsExamination {
  const examination = new WordsExamination(NOW);
  for (const [index, text] of lines.entries()) examination.see({ file: "j", number: index + 1, text });
  return examination;
}

describe("a line of Juju is taken apart", () => {
  const AT = Date.UTC(2026, 10, 30, 3, 0, 1);

  test.for([
    ["machine-0: 03:00:01 ERROR juju.worker.x it broke", { level: "ERROR", at: undefined }],
    ["machine-0: 2026-11-30 03:00:01 ERROR juju.worker.x x.go:12 it broke", { level: "ERROR", at: AT }],
    ["2026-11-30 03:00:01 WARNING juju.worker.x x.go:12 it broke", { level: "WARNING", at: AT }],
    ["03:00:01 DEBUG juju.worker.x x.go:12 it broke", { level: "DEBUG", at: undefined }],
    ["\u001b[31mmachine-0:\u001b[0m 03:00:01 ERROR juju.worker.x it broke", { level: "ERROR" }],
    ["ERROR it broke", { level: "ERROR", at: undefined }],
    ["it broke", { level: undefined, at: undefined }],
  ] as const)("%j", ([line, expected]) => {
    expect(readJujuLine(line)).toMatchObject({ ...expected, message: "it broke" });
  });

  test("and told from other text", () => {
    expect(isJujuLine("machine-0: 03:00:01 INFO juju.worker.x fine")).toBe(true);
    expect(isJujuLine("Dear operator, ERROR")).toBe(false);
  });
});

/** What stands for the `…` of a message. */
const VALUES = [
  "7",
  "7",
  "3.6.5",
  '"3.6.5"',
  '"3.6.5-ubuntu-amd64"',
  '"https://mirror.example/x"',
  "https://mirror.example/x",
  "path",
  "amd64",
];

function* filled(text: string): Generator<string> {
  const at = text.indexOf("…");
  if (at < 0) {
    yield text;
    return;
  }
  for (const value of VALUES) yield* filled(text.slice(0, at) + value + text.slice(at + 1));
}

test.for(JUJU_MESSAGES.map((row) => [row.text, row] as const))("the message is found: %s", ([text, row]) => {
  for (const part of text.split("; ")) {
    const isFound = [...filled(part)].some(
      (words) =>
        row.pattern.test(words) &&
        !examine(`ERROR ${words}`)
          .facts()
          .some(({ kind }) => kind === "message-unknown"),
    );
    expect(isFound, part).toBe(true);
  }
});

const get = (end: string) =>
  `WARNING Got error requesting "https://m.example/x": Get "https://m.example/x": ${end}`;

describe("a proxy that refuses is told from a mirror that does not answer", () => {
  test.for([
    ["Forbidden", "proxy-forward"],
    ["Proxy Authentication Required}]", "proxy-forward"],
    ["proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused", "proxy-forward"],
    ["EOF", "mirror-unreachable"],
    ["dial tcp 10.0.0.1:443: connect: connection refused", "mirror-unreachable"],
    ["context deadline exceeded", "mirror-unreachable"],
  ] as const)("%s: %s", ([end, kind]) => {
    expect(
      examine(get(end))
        .facts()
        .map((fact) => fact.kind),
    ).toEqual([kind]);
  });
});

describe("what a line is about comes from the lines before it", () => {
  const LOOKUP = [
    "2026-11-30 03:00:01 DEBUG juju.environs.tools tools.go:98 filtering agent binaries by version: 3.6.11",
    "2026-11-30 03:00:01 DEBUG juju.environs.tools tools.go:104 filtering agent binaries by architecture: arm64",
  ];

  test("the version and architecture", () => {
    const facts = examine(...LOOKUP, "ERROR no matching agent binaries available").facts();
    expect(facts).toMatchObject([{ kind: "no-match-told", version: "3.6.11", arch: "arm64" }]);
  });

  test("the source, also where streams.canonical.com has a stand-in", () => {
    const facts = examine(
      '2026-11-30 03:00:01 DEBUG juju.environs.simplestreams x.go:1 searching for signed metadata in datasource "default simplestreams"',
      'WARNING Got error requesting "http://10.0.0.1/x": Get "http://10.0.0.1/x": dial tcp 10.0.0.1:80: connect: connection refused',
    ).facts();
    expect(new Set(facts.map(({ kind }) => kind))).toEqual(new Set(["went-to-internet"]));
  });

  test("the agent that a line names itself counts more", () => {
    const facts = examine(
      ...LOOKUP,
      "ERROR bad HTTP response: 404 Not Found for 3.6.12-ubuntu-amd64",
    ).facts();
    expect(facts).toMatchObject([{ kind: "agent-not-held", version: "3.6.12", arch: "amd64" }]);
  });
});

const words = (now: string, side: string, limit: string) =>
  `ERROR x509: certificate has expired or is not yet valid: current time ${now} is ${side} ${limit}`;

describe("a certificate that is not valid", () => {
  test.for([
    [
      "at both clocks is the certificate's fault",
      words("2026-11-30T03:00:00Z", "after", "2026-01-01T00:00:00Z"),
      "tls-expired",
    ],
    [
      "at the client's clock only is the clock's fault",
      words("2031-01-01T00:00:00Z", "after", "2027-01-01T00:00:00Z"),
      "clock-client",
    ],
    [
      "because the client lives in the past is the clock's fault",
      words("1970-01-01T00:00:07Z", "before", "2026-01-01T00:00:00Z"),
      "clock-client",
    ],
    [
      "with clocks that agree is the certificate's fault",
      words("2026-11-30T02:59:59Z", "before", "2026-11-30T02:59:59Z"),
      "tls-expired",
    ],
  ] as const)("%s", ([, line, kind]) => {
    expect(
      examine(line)
        .facts()
        .map((fact) => fact.kind),
    ).toEqual([kind]);
  });
});

describe("what is not known", () => {
  test("is unknown where it complains, and only there", () => {
    const facts = examine(
      "machine-0: 03:00:01 INFO juju.worker.x the weather is fine",
      "machine-0: 03:00:01 ERROR juju.worker.x the weather is bad",
      "goroutine 1 [running]:",
    ).facts();
    expect(facts).toMatchObject([
      { kind: "message-unknown", sighting: { count: 1, seen: [{ where: "j:2" }] } },
    ]);
  });

  test("is unknown in the output of a command, in each line", () => {
    expect(examine("ERROR the moon is full").facts()).toMatchObject([{ kind: "message-unknown" }]);
    expect(examine("the moon is full").facts()).toMatchObject([{ kind: "message-unknown" }]);
  });

  test("is known where it is a check of Juju before an upgrade", () => {
    const facts = examine('ERROR cannot upgrade: mongo version has to be "4.4" at least').facts();
    expect(facts).toMatchObject([{ kind: "juju-refused", next: expect.any(String) }]);
  });
});
