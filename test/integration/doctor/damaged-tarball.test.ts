/** One damaged tarball is one kind of finding with one remedy, wherever it shows. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { flipByte } from "../../helpers/damage-file.ts";
import { askDoctor } from "../../helpers/doctor.ts";
import { judgedMirror } from "../../helpers/judged-mirror.ts";
import { itemPath, startUpstream } from "../../helpers/upstream.ts";

test("a damaged tarball has one remedy while it is damaged, and is a note when it was fetched again", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  await using judged = await judgedMirror(upstream, { select: [{ stream: "released" }] });
  const { mirror } = judged;
  const path = itemPath(upstream, "3.6.27");
  const sha256 = upstream.tree.listings.find(({ item }) => item.path === path)?.item.sha256 ?? "";
  flipByte(join(mirror.data, "blobs/sha256", sha256.slice(0, 2), sha256), 50);
  for (const agent of ["Go-http-client/1.1", "curl/8.5.0"])
    expect((await fetch(`${judged.url}/tools/${path}`, { headers: { "user-agent": agent } })).status).toBe(
      503,
    );
  await pause(100);
  const found = await askDoctor(mirror, { "r.log": judged.log() }, "r.log");
  expect(found.wrong).toEqual(["tarballs-damaged"]);
  const damaged = found.of("tarballs-damaged");
  expect(damaged).toHaveLength(3);
  expect(new Set(damaged.map(({ next }) => next)).size).toBe(1);
  expect(damaged[0]?.next).toMatch(/^jam sync .*; then jam verify --deep/);
  expect((await mirror.here("doctor", "r.log")).stdout.match(/Next: /g)).toHaveLength(1);

  expect((await mirror.sync()).failed).toEqual([]);
  const after = await askDoctor(mirror, {}, "r.log");
  expect(after.wrong).toEqual([]);
  expect(after.of("tarballs-damaged").map(({ severity }) => severity)).toEqual(["note", "note"]);
});
