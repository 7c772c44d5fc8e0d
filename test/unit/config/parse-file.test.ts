import { describe, expect, test } from "vitest";
import { readEnvironment } from "../../../src/config/overrides.ts";
import { parseConfig } from "../../../src/config/parse-file.ts";
import { isJamError, JamError } from "../../../src/shared/errors.ts";

function complaints(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig({ file: "jam.yaml", text, environment: readEnvironment(env, "/") });
    return [];
  } catch (error) {
    if (!isJamError(error, "JAM_CONFIG_INVALID")) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
}

const COMPLETE = `version: 1
mode: online                         # online | cache | offline
data: ./mirror-data
upstreams:                           # in order of preference
  - { name: canonical, url: https://streams.canonical.com/juju/tools/, keyring: builtin }
select:
  - { stream: released, versions: ">=2.9.49 <3 || >=3.6", arch: [amd64, arm64], keep: 3 }
  - { stream: [proposed, devel], os: ubuntu, series: [focal], prereleases: true }
deny:
  - { version: 3.6.7, reason: "LP#… breaks cross-model relations" }
retention: { snapshots: 20, grace: PT6H, quota: 80GiB, maxRemoval: 40% }
advice: [{ from: 3.10, to: ">=3.6.7 <3.6.9", severity: block, reason: "breaks us", link: "https://bugs.example/1" }]
server: { listen: 127.0.0.1:8080 }
fetch: { jobs: 4, limitRate: 20MB, idleTimeout: PT30S, retries: 4, caFile: ca.pem }
`;

test("takes a file that uses every key", () => {
  expect(complaints(COMPLETE)).toEqual([]);
});

test("takes an empty file as no settings at all", () => {
  expect(parseConfig({ file: "jam.yaml", text: "# nothing yet\n", environment: [] })).toEqual({});
});

describe("says where and what is wrong:", () => {
  const cases: readonly [what: string, text: string, complaint: string][] = [
    ["an unknown key", "upstrems: []", 'jam.yaml:1:1: unknown key "upstrems"; did you mean "upstreams"?'],
    [
      "an unknown key inside a rule",
      "select:\n  - stream: released\n    verions: '>=3'\n",
      'jam.yaml:3:5: select[0]: unknown key "verions"; did you mean "versions"?',
    ],
    [
      "an unknown key that is like none",
      "server: { colour: red }",
      'jam.yaml:1:11: server: unknown key "colour"; known here: listen, connections, workers',
    ],
    [
      "two stores",
      "data: ./a\nstore: { kind: fs, path: ./b }",
      "jam.yaml:2:8: store: `data` and `store` name different places; keep one of them",
    ],
    [
      "a kind of store that there is none of",
      "store: { kind: s3, path: x }",
      'jam.yaml:1:16: store.kind: expected a store such as { kind: fs, path: ./mirror-data }, got "s3"',
    ],
    [
      "a store without a kind",
      "store: { path: x }",
      "jam.yaml:1:8: store.kind: is missing; expected a store such as { kind: fs, path: ./mirror-data }",
    ],
    [
      "a store without a path",
      "store: { kind: fs }",
      "jam.yaml:1:8: store.path: is missing; expected a folder",
    ],
    [
      "an unknown key in a store",
      "store: { kind: fs, path: x, bucket: y }",
      'jam.yaml:1:29: store: unknown key "bucket"; known here: kind, path',
    ],
    [
      "channels that take from each other",
      "channels:\n  lab: { from: prod }\n  prod: { from: lab }",
      "jam.yaml:2:16: channels.lab.from: channels take from each other: lab from prod from lab; let one take from mirror",
    ],
    [
      "a schedule, which is not built",
      'schedule: { sync: "0 3 * * *" }',
      'jam.yaml:1:1: "schedule" is not built yet, so delete it here: use cron or systemd; `jam init --cron` or `--systemd` writes the files',
    ],
    ["a wrong word", "mode: onlin", 'jam.yaml:1:7: mode: expected online or cache or offline, got "onlin"'],
    [
      "a rule that fetches on request, without cache mode",
      "select:\n  - { stream: devel }\n  - { stream: released, fetch: onRequest }",
      "jam.yaml:3:32: select[1].fetch: `onRequest` needs `mode: cache`; with `mode: online` a sync fetches everything",
    ],
    [
      "another word for when to fetch",
      "mode: cache\nselect: [{ stream: released, fetch: lazy }]",
      'jam.yaml:2:37: select[0].fetch: expected onRequest or onSync, got "lazy"',
    ],
    [
      "a refresh without a pause",
      "mode: cache\ncache: { refresh: PT0S }",
      'jam.yaml:2:19: cache.refresh: expected an ISO 8601 duration of at least PT1S, such as PT6H or P2D (no years or months), got "PT0S"',
    ],
    [
      "an upstream that is read again without a pause",
      "upstreams:\n  - { name: a, url: ./a, cache: { refresh: PT0S } }",
      'jam.yaml:2:44: upstreams[0].cache.refresh: expected an ISO 8601 duration of at least PT1S, such as PT6H or P2D (no years or months), got "PT0S"',
    ],
    [
      "a quota of an upstream that is not a size",
      "upstreams: [{ name: a, url: ./a, cache: { quota: lots } }]",
      'jam.yaml:1:50: upstreams[0].cache.quota: expected a size such as 80GiB, 500MB or 1048576 (bytes), got "lots"',
    ],
    [
      "an unknown setting of an upstream's cache",
      "upstreams: [{ name: a, url: ./a, cache: { refesh: PT1H } }]",
      'jam.yaml:1:43: upstreams[0].cache: unknown key "refesh"; did you mean "refresh"?',
    ],
    [
      "two upstreams of one name",
      "upstreams: [{ name: a, url: ./a }, { name: a, url: ./b }]",
      "jam.yaml:1:44: upstreams[1].name: the name a is used twice; give each upstream its own",
    ],
    ["a list where a text belongs", "data: [a]", "jam.yaml:1:7: data: expected a folder, got a list"],
    [
      "a text where a list belongs",
      "select: all",
      'jam.yaml:1:9: select: expected a list of rules, got "all"',
    ],
    ["no rules", "select: []", "jam.yaml:1:9: select: expected at least one rule, got an empty list"],
    [
      "nothing behind a key",
      "retention:\n  quota:\n",
      "jam.yaml:2:9: retention.quota: expected a size such as 80GiB, 500MB or 1048576 (bytes), got nothing",
    ],
    [
      "a missing key",
      "upstreams:\n  - name: canonical\n",
      "jam.yaml:2:5: upstreams[0].url: is missing; expected an http(s) URL or a folder",
    ],
    [
      "a typing slip in an architecture",
      "select: [{ stream: released, arch: [amd64, amd46] }]",
      'jam.yaml:1:44: select[0].arch[1]: unknown architecture "amd46"; did you mean "amd64"?',
    ],
    [
      "a typing slip in a stream",
      "select: [{ stream: relased }]",
      'jam.yaml:1:20: select[0].stream: unknown stream "relased"; did you mean "released"?',
    ],
    [
      "a range that is none",
      'select: [{ stream: released, versions: ">=3.6 |" }]',
      'jam.yaml:1:40: select[0].versions: The version range ">=3.6 |" has the part "|", which is not a Juju version. Write it like `>=2.9.49 <3 || >=3.6`, `3.6.x` or `3.6.5`: blanks mean and, || means or.',
    ],
    [
      "a share above all",
      "retention: { maxRemoval: 140% }",
      'jam.yaml:1:26: retention.maxRemoval: expected a share from 0% to 100%, such as 40%, got "140%"',
    ],
    [
      "a duration without a fixed length",
      "retention: { grace: P1M }",
      'jam.yaml:1:21: retention.grace: expected an ISO 8601 duration such as PT6H or P2D (no years or months), got "P1M"',
    ],
    [
      "an address without a port",
      "server: { listen: localhost }",
      'jam.yaml:1:19: server.listen: expected HOST:PORT such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, got "localhost"',
    ],
    [
      "too many jobs",
      "fetch: { jobs: 65 }",
      "jam.yaml:1:16: fetch.jobs: expected a whole number from 1 to 64, got 65",
    ],
    [
      "a link with markup",
      `advice: [{ to: 3.6.7, severity: warn, reason: x, link: 'https://x/"><script>' }]`,
      'jam.yaml:1:56: advice[0].link: expected an http(s) address with other characters percent-encoded, got "https://x/\\"><script>"',
    ],
    [
      "another version of the format",
      "version: 2",
      "jam.yaml:1:10: version: expected 1: this jam reads version 1 of the format, got 2",
    ],
    [
      "a file that is no mapping",
      "- a\n- b\n",
      "jam.yaml:1:1: expected a mapping of settings, such as `mode: online`, got a list",
    ],
    [
      "a key that stands twice",
      "mode: online\nmode: offline\n",
      "jam.yaml:2:1: duplicate key; keep one of them",
    ],
  ];

  test.for(cases)("%s", ([, text, complaint]) => {
    expect(complaints(text)).toEqual([complaint]);
  });
});

test("lists every problem at once, in the order of the file", () => {
  const lines = complaints("fetch: { jobs: 0 }\nmode: of\nserver: { lisen: x }\n");
  expect(lines.map((line) => line.split(": ")[0])).toEqual([
    "jam.yaml:1:16",
    "jam.yaml:2:7",
    "jam.yaml:3:11",
  ]);
});

test("names the line where YAML itself cannot be read", () => {
  expect(complaints("mode: online\ndata: [a\n")[0]).toMatch(/^jam\.yaml:3:1: not YAML: /);
});

test("names the variable where the environment is wrong", () => {
  expect(complaints("mode: online", { JAM_FETCH_JOBS: "many" })).toEqual([
    'JAM_FETCH_JOBS: fetch.jobs: expected a whole number from 1 to 64, got "many"',
  ]);
});

test.for([
  ["mode: cache", {}, 0],
  ["mode: offline", {}, 0],
  ["mode: online", { JAM_MODE: "cache" }, 0],
  ["mode: cache", { JAM_MODE: "online" }, 1],
] as const)("a rule that fetches on request with %s and %j", ([mode, env, problems]) => {
  expect(complaints(`${mode}\nselect: [{ stream: released, fetch: onRequest }]`, env)).toHaveLength(problems);
});

test("gives the problems as data too", () => {
  const error = (() => {
    try {
      return parseConfig({ file: "jam.yaml", text: "mod: x", environment: [] });
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(JamError);
  expect((error as JamError).details).toEqual({
    file: "jam.yaml",
    problems: [{ line: 1, column: 1, path: "", message: 'unknown key "mod"; did you mean "mode"?' }],
  });
});

test("keeps a version as it was written, though YAML takes it for a number", () => {
  const text = "select: [{ stream: released, versions: 3.10 }]\ndeny: [{ version: 2.9 }]";
  const { select, deny } = parseConfig({ file: "jam.yaml", text, environment: [] });
  expect([select?.[0]?.versions, deny?.[0]?.version]).toEqual(["3.10", "2.9"]);
});

test("stops aliases that multiply without end", () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [from, to] of ["a b", "b c", "c d", "d e", "e f", "f g"].map((pair) => pair.split(" "))) {
    lines.push(
      `${to}: &${to} [*${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}, *${from}]`,
    );
  }
  expect(complaints(lines.join("\n"))[0]).toMatch(/resource exhaustion/);
});

test("does not let a key named __proto__ into the settings", () => {
  expect(complaints("__proto__: { mode: offline }")).toHaveLength(1);
  expect(({} as Record<string, unknown>)["mode"]).toBeUndefined();
});

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

function failure(text: string): JamError {
  try {
    parseConfig({ file: "jam.yaml", text, environment: [] });
  } catch (error) {
    if (isJamError(error)) return error;
    throw error;
  }
  throw new Error("was taken");
}

describe("bounds what it says and does about a file full of mistakes:", () => {
  test.for([
    ["unknown keys", lines(20_000, (index) => `key${index}: 1`), 20_000],
    ["unknown keys in a mapping", `server:\n${lines(15_000, (index) => `  listn${index}: 1`)}`, 15_000],
    ["wrong rules", `select:\n${lines(9_000, () => "  - { strem: released }")}`, 18_000],
    ["wrong words in a list", `select: [{ stream: released, arch: [${"amd46,".repeat(9_000)}] }]`, 9_000],
    ["one key again and again", lines(20_000, () => "mode: online"), 19_999],
    ["tokens that belong nowhere", `a: {}${"}".repeat(50_000)}`, 50_000],
    ["faults of YAML", lines(5_000, (index) => `key${index}: @`), 5_000],
  ] as const)("%s", ([, text, count]) => {
    const { code, message, details } = failure(text);
    expect(code).toBe("JAM_CONFIG_INVALID");
    expect(details["problems"]).toHaveLength(100);
    expect(details.omitted).toEqual({ problems: count - 100 });
    expect(message).toMatch(new RegExp(`^jam\\.yaml has ${count} problems:`));
    expect(message.split("\n").at(-1)).toBe(`  and ${count - 100} more`);
  });

  test.for([
    ["flow lists", "[".repeat(20_000)],
    ["flow mappings", "{a: ".repeat(20_000)],
    ["lists", `${"- ".repeat(20_000)}a`],
    ["keys", `${"? ".repeat(20_000)}a`],
    ["lists below a text", `select:\n  - stream: |-\n ${"- ".repeat(20_000)}a`],
  ])("%s in each other without end", ([, text]) => {
    expect(failure(text as string).message).toContain("nested too deep");
  });

  test("a list of more rows than anybody writes is one problem", () => {
    expect(complaints(`deny: [${"{},".repeat(50_000)}{}]`)).toEqual([
      "jam.yaml:1:7: deny: expected at most 10000 entries, got a list",
    ]);
  });

  test("a key twice, in a mapping inside a list inside a mapping, in another spelling", () => {
    const text = 'select:\n  - { stream: released, "stream": proposed }\n';
    expect(complaints(text)).toEqual(["jam.yaml:2:25: duplicate key; keep one of them"]);
  });
});
