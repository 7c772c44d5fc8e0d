/** The archive in a bare Debian: unpacked, synced and served to Juju's own code, with nothing installed before. */
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildInterop } from "../helpers/interop.ts";
import { complaintsOf, foundBy, listedFor, type ListedAgent } from "../helpers/judged-mirror.ts";
import { makeArchive, type MadeArchive } from "../helpers/made-archive.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";
import { debianPeer, debianRoot, type DebianRoot } from "./debian-root.ts";

const debian = debianPeer();
const interop = debian.isMissing ? { isMissing: true, note: debian.note } : await buildInterop();

/** From the untouched system to the agent in Juju's hands. */
const MAX_SECONDS = 60;

describe.skipIf(debian.isMissing)(`the archive in a bare Debian${debian.note}`, () => {
  let scratch: string;
  let made: MadeArchive | string;
  let root: DebianRoot;
  let upstream: TestUpstream;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "jam-archive-test-"));
    made = await makeArchive(scratch);
    root = await debianRoot();
    upstream = await startUpstream({ releases: ["2.9.60", "3.6.26", "3.6.27"] });
  });
  afterAll(async () => {
    await upstream?.close();
    await root?.[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });

  async function done(command: string): Promise<string> {
    const { status, stdout, stderr } = await root.run(["sh", "-ec", `cd /root; ${command}`]);
    expect(status, stderr).toBe(0);
    return stdout;
  }

  test(`serves Juju's own code within a minute${interop.note}`, async (context) => {
    if (typeof made === "string") return context.skip(made);
    const key = join(root.path, "root/key.asc");
    await writeFile(key, upstream.tree.key.publicKeyArmored);
    await cp(made.file, join(root.path, "root/jam.tar.gz"));
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    await done(
      `tar -xzf jam.tar.gz -C /opt; ln -s /opt/${made.name}/jam /usr/local/bin/jam; jam self verify`,
    );
    await done(`jam init --upstream ${upstream.url} --keyring key.asc; jam sync --quiet`);
    const { agents } = JSON.parse(await done("jam list -o json")) as { agents: ListedAgent[] };
    const server = root.start(["sh", "-c", "cd /root; exec jam serve --listen 127.0.0.1:0"]);
    try {
      const [url] = (await once(createInterface({ input: server.stdout ?? process.stdin }), "line")) as [
        string,
      ];
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      process.stdout.write(` debian: ${seconds().toFixed(1)} s from the archive to the ready server\n`);
      if (!("juju" in interop) || interop.isMissing) return context.skip(`Juju's own code${interop.note}`);
      const question = { version: "3.6.27", release: "ubuntu", arch: "amd64", download: true };
      const asked = { name: "archive", url: `${url}/tools`, ...question };
      const [answer] = await interop.juju("3.6").ask([asked]);
      if (answer === undefined) throw new Error("Juju gave no answer.");
      expect(foundBy(answer)).toEqual(listedFor(agents, asked));
      expect(foundBy(answer)).toHaveLength(1);
      expect(complaintsOf(answer)).toEqual([]);
      process.stdout.write(
        ` debian: ${seconds().toFixed(1)} s from the archive to the agent in Juju's hands\n`,
      );
      expect(seconds()).toBeLessThan(MAX_SECONDS);
    } finally {
      server.kill("SIGTERM");
      if (server.exitCode === null) await once(server, "exit");
    }
  });
});
