/** What Juju's own code finds on the far side of an air gap. */
import { describe, expect, test } from "vitest";
import { airGap } from "../helpers/air-gap.ts";
import { buildInterop } from "../helpers/interop.ts";
import { complaintsOf, foundBy, judge, listedFor, UNREACHABLE } from "../helpers/judged-mirror.ts";
import { startUpstream } from "../helpers/upstream.ts";

const interop = await buildInterop();

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
});
