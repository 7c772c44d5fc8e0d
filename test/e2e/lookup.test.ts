/** `jam lookup` as an operator types it: this mirror, a URL, a folder. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { runJam } from "../helpers/jam-process.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startUpstream } from "../helpers/upstream.ts";

interface Report {
  readonly outcome: string;
  readonly chosen: { readonly version: string; readonly agents: { readonly url: string }[] } | null;
  readonly internet: { readonly asked: boolean };
  readonly warnings: { readonly code: string }[];
}

function parse(stdout: string): Report {
  return JSON.parse(stdout) as Report;
}

test("says what Juju finds in this mirror, without a request to anybody", async () => {
  await using upstream = await startUpstream();
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", versions: ">=3" }] });
  const empty = await mirror.jam("lookup", "3.6.27", "-o", "json");
  expect([empty.status, parse(empty.stdout).internet.asked]).toEqual([5, true]);
  await mirror.sync();
  upstream.clearRequests();

  const { status, stdout } = await mirror.jam("lookup", "3.6.27-ubuntu-arm64");
  expect(status).toBe(0);
  expect(stdout).toContain("http://127.0.0.1:8080/tools/agent/3.6.27/juju-3.6.27-linux-arm64.tgz");
  expect(stdout).toContain("Juju does not ask the internet.");

  const absent = await mirror.jam("lookup", "2.9.60", "-o", "json");
  expect(absent.status).toBe(5);
  expect(parse(absent.stdout)).toMatchObject({ chosen: null, internet: { asked: true } });
  expect(upstream.requests).toEqual([]);
});

test("looks at a URL and into a folder, also where Juju would not follow", async () => {
  await using upstream = await startUpstream();
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  upstream.fault(/3\.6\.27.*tgz$/, { kind: "redirect", to: "agent/elsewhere.tgz" });
  const flags = ["lookup", "3.6.27-ubuntu-amd64", "-o", "json"];
  const there = parse((await mirror.jam(...flags, "--url", upstream.url)).stdout);
  expect(there.warnings.map(({ code }) => code)).toEqual(["signature-not-trusted", "tarball-redirect"]);
  const trusted = await mirror.jam(
    ...flags,
    "--url",
    upstream.url,
    "--keyring",
    "key.asc",
    "--require-signed",
  );
  expect(parse(trusted.stdout).warnings.map(({ code }) => code)).toEqual(["tarball-redirect"]);
  const folder = await mirror.jam(...flags, "--metadata-source", mirror.data);
  expect(parse(folder.stdout).chosen?.agents[0]?.url).toMatch(/^file:.*juju-3\.6\.27-linux-amd64\.tgz$/);
});

test("follows no redirect that leads outside in offline mode", async () => {
  await using upstream = await startUpstream();
  await using mirror = await temporaryMirror(upstream, { mode: "offline" });
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(302, { location: `http://198.51.100.7${request.url ?? ""}` }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { stdout } = await mirror.jam(
    ..."lookup 3.6.5 -o json --url".split(" "),
    `http://127.0.0.1:${port}/tools`,
  );
  server.close();
  expect(asked.length).toBeGreaterThan(0);
  expect(stdout).toContain("198.51.100.7");
  expect(stdout).toContain("not contacted in offline mode");
});

test("asks nobody outside in offline mode, and refuses what means nothing", async () => {
  await using upstream = await startUpstream();
  await using mirror = await temporaryMirror(upstream, { mode: "offline" });
  const refused = await mirror.jam("lookup", "3.6.5", "--url", "http://mirror.example/tools");
  expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining("JAM_OFFLINE")]);
  const near = await mirror.jam("lookup", "3.6.27", "--url", upstream.url);
  expect(near.status).toBe(0);
  for (const args of [[], ["--arch", "amd64"], ["3.6", "--metadata-source", "none"]]) {
    expect((await mirror.jam("lookup", ...args)).status).toBe(2);
  }
});

test("is a command of its own: explain names it, and has none of its flags", async () => {
  for (const args of ["--lookup 3.6.5", "3.6.5 --lookup", "--lookup --client 3.6.9", "--lookup=yes 3.6"]) {
    const { status, stderr } = await runJam(["explain", ...args.split(" ")]);
    expect({ args, status, stderr }).toEqual({
      args,
      status: 2,
      stderr: expect.stringContaining(args.includes("=") ? "--lookup" : "jam lookup"),
    });
  }
  const { stdout } = await runJam(["explain", "--help"]);
  expect(stdout).not.toMatch(/--(?:lookup|juju|client|series|keyring)/);
  for (const flag of ["--juju", "3.6.5 --client"]) {
    expect((await runJam(["explain", ...flag.split(" "), "3.6"])).status).toBe(2);
  }
});

test("its help shows the flags in groups", async () => {
  const { stdout } = await runJam(["lookup", "--help"]);
  const headings = ["Who looks:", "What it looks for:", "Settings of the model:", "Where it looks"];
  const places = headings.map((heading) => stdout.indexOf(heading));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(0);
});
