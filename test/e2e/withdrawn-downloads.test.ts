/** A version that leaves a channel while clients download it: who has begun gets all of it, nobody else begins. */
import { beforeAll, describe, expect, test } from "vitest";
import { sha256Of } from "../../src/shared/sha256.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { serveBehindNginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { startSlowDownload } from "../helpers/raw-http.ts";
import { startServe } from "../helpers/running-jam.ts";
import { agedTree, itemPath, startUpstream, type SampleTree } from "../helpers/upstream.ts";

const nginx = peer("nginx");
const GONE = "3.6.1";
/** More than the buffers of both ends take. */
const SIZE = 16_000_000;

let tree: SampleTree;
beforeAll(async () => {
  tree = await agedTree([GONE, "3.6.2"], 2, { families: ["agents"], tarballBytes: SIZE });
});

const REASON = ["--reason", "CVE"];
const WITHDRAWN = [["channel", "withdraw", "lab", GONE, ...REASON], ["sync"], ["prune", "--force-removal"]];
const DELETED = [["channel", "delete", "lab", "--allow", "served", ...REASON]];

const SERVERS = [
  { name: "jam serve", start: startServe, isMissing: false, ways: { WITHDRAWN, DELETED } },
  {
    name: `nginx${nginx.note}`,
    start: serveBehindNginx,
    isMissing: nginx.isMissing,
    ways: { WITHDRAWN },
  },
];

for (const { name, start, isMissing, ways } of SERVERS) {
  describe.skipIf(isMissing)(`a download from a channel under ${name}`, () => {
    test.for(Object.entries(ways))("runs to its end when the version is gone: %s", async ([, commands]) => {
      await using upstream = await startUpstream({ tree });
      await using mirror = await temporaryMirror(upstream, {
        retention: { snapshots: 1, age: "PT0S", grace: "PT0S", maxRemoval: "100%" },
      });
      await mirror.sync();
      await run(mirror, "channel", "create", "lab", "--from", "mirror");
      await run(mirror, "channel", "promote", "lab", "--reason", "first");
      await using server = await start(mirror.folder);
      const port = Number(new URL(server.url).port);
      const path = `/channel/lab/tools/${itemPath({ tree }, GONE)}`;
      // Hashed before it is first served, which this is not about.
      await (await fetch(`${server.url}${path}`)).arrayBuffer();
      const download = await startSlowDownload(port, path);
      const tail = await startSlowDownload(port, path, ["Range: bytes=1000-"]);

      await mirror.configure({ deny: [{ version: GONE }] });
      for (const words of commands) await run(mirror, ...words);

      expect((await fetch(`${server.url}${path}`)).status).toBe(404);
      const bytes = await download.finish();
      const { sha256, size } = tree.items.get(itemPath({ tree }, GONE)) ?? {};
      expect([bytes.length, sha256Of(bytes)]).toEqual([size, sha256]);
      expect((await tail.finish()).equals(bytes.subarray(1000))).toBe(true);
    });
  });
}

async function run(mirror: TestMirror, ...words: string[]): Promise<void> {
  const { status, stderr } = await mirror.here(...words);
  expect(status, stderr).toBe(0);
}
