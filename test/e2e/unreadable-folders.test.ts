/** Folders of a data directory that the user who runs `jam` may not enter: named, never taken for damage of what is in them. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VerifyDocument } from "../../src/verify/verify-document.ts";
import { JAM_COMMAND, runProcess } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

/** Root may enter every folder: its commands run as another user, where the system has the program for that. */
const OTHER_USER =
  process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

let upstream: TestUpstream;
let mirror: TestMirror;
const jam = (...args: string[]) => {
  const [program = "", ...words] = [...OTHER_USER, ...JAM_COMMAND, ...args];
  return runProcess(program, words, { cwd: mirror.folder, env: { XDG_CACHE_HOME: mirror.folder } });
};
/** Whether the other user can run this program at all. */
let canRun = false;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await mirror.here("channel", "create", "lab", "--from", "mirror");
  await mirror.here("channel", "promote", "lab", "--reason", "a test");
  if (OTHER_USER.length > 0) await runProcess("chown", ["-R", "65534:65534", mirror.folder]);
  canRun = await jam("--version").then(
    ({ status }) => status === 0,
    () => false,
  );
});
afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

test.for(["snapshots", "refs", "published", "channels", "blobs", "state"])(
  "%s is named by verify, and opened again by repair",
  async (folder, { skip }) => {
    skip(!canRun, "no other user can run the program here");
    const path = join(mirror.data, folder);
    await chmod(path, 0);
    try {
      const { status, stdout } = await jam("verify", "-o", "json");
      const { findings } = JSON.parse(stdout) as VerifyDocument;
      expect(status).toBe(4);
      expect(findings.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(["mode-hidden", "place-unreadable"]),
      );
      // Nothing is known of what is in it: neither that it is gone nor that it is wrong.
      expect([...new Set(findings.map(({ kind }) => kind))].sort()).toEqual([
        "mode-hidden",
        "place-unreadable",
      ]);
      const repaired = await jam("repair");
      expect([repaired.status, repaired.stdout]).toEqual([0, expect.stringMatching(/^Repaired/)]);
      expect((await jam("verify")).status).toBe(0);
    } finally {
      await chmod(path, 0o755);
    }
  },
);
