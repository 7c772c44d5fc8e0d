/** What `jam serve` says when the machine allows fewer connections than its settings. */
import { connect } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream } from "../helpers/upstream.ts";

test("a low limit of open files is named, and connections beyond it get 503", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await using server = await startServe(mirror.folder, ["sh", "-c", 'ulimit -n 266; exec "$@"', "sh"]);
  await expect.poll(server.log).toContain("5 connections at most, because the limit of open files is low");
  const { port } = new URL(server.url);
  const idle = Array.from({ length: 5 }, () => connect(Number(port), "127.0.0.1"));
  await Promise.all(idle.map((socket) => once(socket, "connect")));
  const refused = await fetch(`${server.url}/tools/streams/v1/index2.json`);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  for (const socket of idle) socket.destroy();
  await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status).toBe(200);
});
