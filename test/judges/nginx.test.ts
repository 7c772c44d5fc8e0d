/** What Juju's own code finds under nginx on the data directory. */
import { chmod } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { buildInterop } from "../helpers/interop.ts";
import { complaintsOf, foundBy, listAgents, listedFor } from "../helpers/judged-mirror.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { serveBehindNginx, startNginx } from "../helpers/nginx.ts";
import { peer } from "../helpers/peers.ts";
import { startUpstream } from "../helpers/upstream.ts";

const nginx = peer("nginx");
const interop = await buildInterop();

describe.skipIf(nginx.isMissing || interop.isMissing)(
  `Juju on nginx on the data directory${nginx.note}${interop.note}`,
  () => {
    test.for(["3.6", "2.9"] as const)(
      "%s finds what `jam list` says and keeps every tarball",
      async (generation) => {
        await using upstream = await startUpstream();
        await using mirror = await temporaryMirror(upstream);
        await chmod(mirror.folder, 0o755);
        expect(await mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
        await using server = await startNginx(mirror.data);
        const question = { url: `${server.url}/tools`, major: 3, release: "ubuntu", download: true };
        const [answer] = await interop.juju(generation).ask([question]);
        if (answer === undefined) throw new Error("The program gave no answer.");
        expect(foundBy(answer)).toEqual(listedFor(await listAgents(mirror), question));
        expect(answer.found).not.toEqual([]);
        // A plain web server has one type for a file; only the betas of 4.0 ask for the other one.
        expect(complaintsOf(answer).filter((complaint) => !complaint.includes("Juju 4.0 betas"))).toEqual([]);
      },
    );

    test.for(["3.6", "2.9"] as const)(
      "%s finds in a channel what was promoted, with the configuration of jam nginx-config",
      async (generation) => {
        await using upstream = await startUpstream();
        await using mirror = await temporaryMirror(upstream, {
          channels: { lab: { from: "mirror" } },
        });
        expect(await mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
        await using server = await serveBehindNginx(mirror.folder);
        for (const step of [
          ["promote", "lab"],
          ["withdraw", "lab", "3.6.27"],
        ])
          expect((await mirror.jam("channel", ...step, "--reason", "test")).status).toBe(0);
        const url = `${server.url}/channel/lab/tools`;
        const question = { url, major: 3, release: "ubuntu", download: true };
        const [answer] = await interop.juju(generation).ask([question]);
        if (answer === undefined) throw new Error("The program gave no answer.");
        const listed = (await listAgents(mirror)).filter(({ version }) => version !== "3.6.27");
        expect(foundBy(answer)).toEqual(listedFor(listed, question));
        expect(answer.found).not.toEqual([]);
        expect(complaintsOf(answer)).toEqual([]);
      },
    );
  },
);
