/** What `jam doctor` makes of clients of several generations, and of signatures of somebody else, as Juju's own code has it. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { askDoctor } from "../helpers/doctor.ts";
import { buildInterop } from "../helpers/interop.ts";
import { judgedMirror } from "../helpers/judged-mirror.ts";
import { buildSampleTree, startUpstream, withSignatureFault } from "../helpers/upstream.ts";

const interop = await buildInterop();

describe.skipIf(interop.isMissing)(`jam doctor and clients of Juju${interop.note}`, () => {
  test("knows old clients that read what is only for them, and that later ones come from the same address", async () => {
    await using upstream = await startUpstream({ releases: ["2.8.13", "3.6.27"], arches: ["amd64"] });
    await using mirror = await judgedMirror(upstream, { select: [{ stream: "*" }] });
    const logAfter = async (generation: "2.8" | "3.6", version: string, release: string) => {
      const before = mirror.log().length;
      const question = { url: `${mirror.url}/tools`, version, release, arch: "amd64", download: true };
      const { answer } = await interop.juju(generation).hear(question);
      expect(answer.found.length).toBeGreaterThan(0);
      await pause(100);
      return mirror.log().slice(before);
    };
    const old = await logAfter("2.8", "2.8.13", "bionic");
    const alone = await askDoctor(mirror.mirror, { "r.log": old }, "r.log");
    expect(alone.of("client-old")).toEqual([expect.objectContaining({ clients: ["127.0.0.1"] })]);
    expect(alone.of("many-behind-one")).toEqual([]);
    const both = old + (await logAfter("3.6", "3.6.27", "ubuntu"));
    const found = await askDoctor(mirror.mirror, { "r.log": both }, "r.log");
    expect(found.of("many-behind-one")).toHaveLength(1);
  });

  test("knows that metadata is signed by somebody else", async () => {
    const tree = await buildSampleTree({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
    await using foreign = await startUpstream({
      tree: await withSignatureFault(tree, "streams/v1/index2.json", "foreign-key"),
    });
    await using upstream = await startUpstream({ tree });
    await using mirror = await judgedMirror(upstream, {});
    const { answer, log } = await interop.juju("3.6").hear({
      url: foreign.url,
      version: "3.6.27",
      release: "ubuntu",
      keyring: join(mirror.mirror.folder, "key.asc"),
      requireSigned: true,
    });
    const words = `${log}ERROR ${answer.error ?? ""}\n`;
    const found = await askDoctor(mirror.mirror, { "j.txt": words }, "--juju", "j.txt");
    expect(found.of("signed-by-other"), words).toHaveLength(1);
  });
});
