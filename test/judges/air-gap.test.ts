/** What Juju's own code finds on the far side of an air gap. */
import { describe, expect, test } from "vitest";
import { airGap } from "../helpers/air-gap.ts";
import { buildInterop } from "../helpers/interop.ts";
import { complaintsOf, foundBy, judge, listedFor, UNREACHABLE } from "../helpers/judged-mirror.ts";
import { judgeRefs } from "../helpers/judged-refs.ts";
import { startServe } from "../helpers/running-jam.ts";
import { upstreamRows } from "../helpers/upstream-rows.ts";
import { startUpstream } from "../helpers/upstream.ts";

const interop = await buildInterop();

const ALL = ["2.8.13", "2.9.49", "2.9.60", "3.6.26", "3.6.27"];
const OPTIONS = {
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
  releases: ["2.8.13", "2.9.60", "3.6.26", "3.6.27"],
} as const;

describe.skipIf(interop.isMissing)(`Juju's own code on the far side${interop.note}`, () => {
  test("gets every agent that was carried, from the server and from the folder", async () => {
    await using upstream = await startUpstream(OPTIONS);
    const gap = await airGap(upstream);
    await gap.done("near", "bundle", "create", "--to", gap.medium, "--volume-size", "40KiB");
    await gap.done("far", "bundle", "import", gap.medium);
    await using far = await judge(gap.far);
    await gap.near[Symbol.asyncDispose]();
    const rows = await far.list();
    for (const { generation, release, major } of [
      { generation: "3.6", release: "ubuntu", major: 3 },
      { generation: "2.9", release: "ubuntu", major: 2 },
      { generation: "2.8", release: "bionic", major: 2 },
    ] as const) {
      const questions = Object.values(far.ways).map((way) => ({
        ...way,
        stream: "released",
        release,
        major,
        download: true,
        default: UNREACHABLE,
      }));
      const answers = await interop.juju(generation).ask(questions);
      expect(answers.map(foundBy)).toEqual(questions.map((question) => listedFor(rows, question)));
      expect(answers.flatMap(complaintsOf)).toEqual([]);
      expect(answers[0]?.found.length).toBeGreaterThan(1);
    }
  });

  test("sees in a channel of the far side what the near one's showed, and nothing of what either side withdrew", async () => {
    await using upstream = await startUpstream({ ...OPTIONS, releases: ALL });
    await using gap = await airGap(upstream);
    for (const args of [
      ["create", "prod", "--from", "mirror"],
      ["promote", "prod", "--reason", "approved"],
      ["withdraw", "prod", "3.6.27", "--reason", "CVE"],
    ])
      await gap.done("near", "channel", ...args);
    await gap.done("near", "bundle", "create", "--channel", "prod", "--to", gap.medium);
    await gap.done("far", "bundle", "import", gap.medium, "--channel", "plant");
    await using server = await startServe(gap.far.folder);
    const see = judgeRefs(interop, { site: { urls: [server.url], data: gap.far.data }, versions: ALL });
    const carried = ALL.filter((version) => version !== "3.6.27");
    await see({ mirror: [], plant: upstreamRows(upstream.tree, carried) });

    await gap.done("far", "channel", "withdraw", "plant", "2.9.60", "--reason", "not here");
    const rest = carried.filter((version) => version !== "2.9.60");
    await see({ mirror: [], plant: upstreamRows(upstream.tree, rest) });
  });
});
