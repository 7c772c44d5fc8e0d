import { expect, test } from "vitest";
import { renderAgents } from "../../../src/cli/render/agent-table.ts";
import { foldAgents } from "../../../src/juju/fold-agents.ts";
import { formatAgentNames } from "../../../src/cli/render/agent-names.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";

interface Row {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly stream: string;
  readonly tarball: string;
}

/** `2.9.60 focal amd64 released A` */
function row(text: string): Row {
  const [version = "", release = "", arch = "", stream = "", tarball = ""] = text.split(" ");
  return { version, release, arch, stream, tarball };
}

function fold(...texts: readonly string[]): string[] {
  const lines = foldAgents(texts.map(row), {
    tarball: ({ tarball }) => tarball,
    shown: ({ stream }) => stream,
  });
  return lines.map(
    ({ version, releases, arches, rows }) => `${version}|${releases}|${arches}|${rows[0]?.stream ?? ""}`,
  );
}

test.for<[string, string[], string[]]>([
  [
    "series that share the tarball of each architecture are one line",
    [
      "2.9.60 bionic amd64 released A",
      "2.9.60 bionic arm64 released B",
      "2.9.60 ubuntu amd64 released A",
      "2.9.60 ubuntu arm64 released B",
    ],
    ["2.9.60|ubuntu (+1 series)|amd64 arm64|released"],
  ],
  [
    "series with tarballs of their own are lines of their own",
    ["2.8.1 bionic amd64 released A", "2.8.1 focal amd64 released B"],
    ["2.8.1|bionic|amd64|released", "2.8.1|focal|amd64|released"],
  ],
  [
    "an architecture that was built for other series is another line",
    [
      "2.9.60 focal amd64 released A",
      "2.9.60 ubuntu amd64 released A",
      "2.9.60 ubuntu arm64 released B",
      "2.9.60 ubuntu s390x released C",
    ],
    ["2.9.60|ubuntu (+1 series)|amd64|released", "2.9.60|ubuntu|arm64 s390x|released"],
  ],
  [
    "other streams are another line, with the same tarball too",
    ["3.6.1 focal amd64 proposed A", "3.6.1 ubuntu amd64 released A"],
    ["3.6.1|focal|amd64|proposed", "3.6.1|ubuntu|amd64|released"],
  ],
  [
    "versions never fold",
    ["3.6.1 ubuntu amd64 released A", "3.6.2 ubuntu amd64 released A"],
    ["3.6.1|ubuntu|amd64|released", "3.6.2|ubuntu|amd64|released"],
  ],
  [
    "an OS type is not counted as a series",
    ["2.9.60 centos amd64 released A", "2.9.60 ubuntu amd64 released A"],
    ["2.9.60|ubuntu (+1 more)|amd64|released"],
  ],
])("%s", ([, rows, lines]) => {
  expect(fold(...rows)).toEqual(lines);
});

test("names of a report fold by reason, and a name that is not an agent's stands alone", async () => {
  const agents = [
    { agent: "2.9.59-bionic-amd64", reason: "denied" },
    { agent: "2.9.59-ubuntu-amd64", reason: "denied" },
    { agent: "2.9.59-ubuntu-arm64", reason: "gone upstream" },
    { agent: "streams/v1/x.json\u001B[2J", reason: "denied" },
  ];
  expect(await formatAgentNames("removed  ", agents)).toEqual([
    "removed  2.9.59                      ubuntu (+1 series)  amd64  denied",
    "         2.9.59                      ubuntu              arm64  gone upstream",
    "         streams/v1/x.json\\u{1b}[2J                             denied",
  ]);
  expect(await formatAgentNames("new  ", [])).toEqual([]);
});

test("names of a report fold as `jam list` does, and a reason stands once", async () => {
  const agents = [
    "bionic-amd64",
    "win10-amd64",
    "ubuntu-amd64",
    "ubuntu-arm64",
    "bionic-arm64",
    "windows-amd64",
  ].map((place) => ({ agent: `2.9.59-${place}`, reason: "no longer selected" }));
  expect(await formatAgentNames("removed  ", agents)).toEqual([
    "removed  2.9.59  ubuntu (+1 series)   amd64 arm64  no longer selected",
    "         2.9.59  windows (+1 series)  amd64",
  ]);
});

test("a dozen lines of names are printed, and the agents of the others are counted", async () => {
  const agents = Array.from({ length: 15 }, (_, patch) => [
    { agent: `3.6.${patch}-ubuntu-amd64` },
    { agent: `3.6.${patch}-ubuntu-arm64` },
  ]).flat();
  const lines = await formatAgentNames("new  ", agents, { omitted: 100 });
  expect(lines).toHaveLength(13);
  expect(lines.at(-1)).toBe("     and 106 more agents");
});

/** An agent for Windows and two of its series on each architecture. */
function rowsOf(arches: readonly string[], streams: readonly string[]) {
  return ["win10", "win2012", "windows"].flatMap((release) =>
    arches.map((arch, index) => ({
      version: "2.9.60",
      release,
      arch,
      streams,
      path: `agent/${arch}.tgz`,
      size: 1000,
      sha256: String(index).padStart(64, "0") as Sha256,
    })),
  );
}

test("a list that would be wider than 80 columns leaves out the word series", async () => {
  const narrow = await renderAgents(rowsOf(["amd64"], ["released"]));
  expect(narrow).toContain("2.9.60   windows (+2 series)  amd64  released");
  expect(narrow).toMatch(/\n3 agents, 1 tarball, 1000 B\n$/);
  const wide = await renderAgents(rowsOf(["amd64", "arm64", "ppc64el", "s390x"], ["released", "proposed"]));
  expect(wide).toContain("2.9.60   windows (+2)  amd64 arm64 ppc64el s390x  released,proposed");
  expect(Math.max(...wide.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});
