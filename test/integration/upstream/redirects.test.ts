import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";

import { startUpstream } from "../../helpers/upstream.ts";
import { failureOf, INDEX, NEVER, openSource, serve } from "./setup.ts";
import { startProxy } from "../../helpers/start-proxy.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"] };
const MOVED = "streams/v1/moved.sjson";

test("follows a redirect on the same server", async () => {
  await using upstream = await startUpstream(ONE);
  upstream.fault(MOVED, { kind: "redirect", to: INDEX });
  await using opened = await openSource(upstream);

  expect(await opened.source.readDocument(MOVED, undefined, NEVER)).toMatchObject({ kind: "found" });
  expect(upstream.requests).toEqual([`GET ${MOVED}`, `GET ${INDEX}`]);
  expect(upstream.connections).toBe(1);
});

test("follows a redirect to a server that the operator allows, without the credentials", async () => {
  await using upstream = await startUpstream(ONE);
  const seen: (string | undefined)[] = [];
  await using other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end(upstream.tree.documents.get(INDEX));
  });
  upstream.fault(INDEX, { kind: "redirect", to: `${other.url}elsewhere` });
  const url = upstream.url.replace("://", "://operator:s3cret@");
  await using opened = await openSource(upstream, { url, redirectOrigins: [new URL(other.url).origin] });

  expect(await opened.source.readDocument(INDEX, undefined, NEVER)).toMatchObject({ kind: "found" });
  expect(seen).toEqual([undefined]);
});

describe("N5: a redirect that leads astray", () => {
  test.for([
    { name: "another server", to: "http://127.0.0.1:9/x", reason: "another server" },
    {
      name: "the metadata service of a cloud",
      to: "http://169.254.169.254/latest",
      reason: "another server",
    },
    { name: "IPv6 loopback", to: "http://[::1]:9/x", reason: "another server" },
    { name: "a file", to: "file:///etc/passwd", reason: "only http and https" },
    {
      name: "a unix socket",
      to: "http://unix:/run/docker.sock:/info",
      reason: "cannot be understood|another server",
    },
    { name: "nowhere", to: "http://", reason: "cannot be understood|another server" },
  ])("to $name is not followed", async ({ to, reason }) => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "respond", status: 302, headers: { location: to } });
    await using opened = await openSource(upstream);

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_REDIRECT");
    expect(error.message).toContain(`${upstream.url}${INDEX}`);
    expect(error.message).toMatch(new RegExp(reason));
    expect(upstream.requests).toHaveLength(1);
  });

  test("in a loop ends after five", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.fault(INDEX, { kind: "redirect", to: "loop" });
    await using opened = await openSource(upstream);

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_UPSTREAM_REDIRECT");
    expect(upstream.records).toHaveLength(6);
  });

  test.for(["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "2130706433"])(
    "from a public server to %s in here is not followed, even where the operator allows the name",
    async (host) => {
      await expectRefused(host);
    },
  );

  test("from a public server to a name that turns out to be in here is not followed", async (context) => {
    const addresses = await lookup(hostname(), { all: true }).catch(() => []);
    context.skip(addresses.length === 0, "this machine's own name has no address");
    await expectRefused(hostname());
  });
});

/** A public server, known to a proxy only, redirects to `host`, which the operator allows. */
async function expectRefused(host: string): Promise<void> {
  await using upstream = await startUpstream(ONE);
  await using proxy = await startProxy();
  const target = new URL(`http://${host}:${upstream.port}/juju/tools/${INDEX}`);
  proxy.answer("http://public.example.test/", (_request, response) => {
    response.writeHead(302, { location: target.href }).end();
  });
  await using opened = await openSource(upstream, {
    url: "http://public.example.test/",
    env: { HTTP_PROXY: proxy.url, NO_PROXY: target.hostname },
    redirectOrigins: [target.origin],
  });

  const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

  expect(error.code).toBe("JAM_UPSTREAM_REDIRECT");
  expect(error.message).toContain("private network");
  expect(upstream.requests).toEqual([]);
}
