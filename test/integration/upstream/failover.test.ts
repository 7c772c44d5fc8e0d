import { expect, test } from "vitest";

import { failover } from "../../../src/upstream/failover.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { startUpstream, withSignatureFault } from "../../helpers/upstream.ts";
import { failureOf, fetchInto, INDEX, itemRequest, NEVER, openSource } from "./setup.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"] };
const PATH = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";
const PRODUCTS = "streams/v1/com.ubuntu.juju-released-agents.sjson";

async function startTwo() {
  const first = await startUpstream(ONE);
  const second = await startUpstream({ ...ONE, tree: first.tree });
  const a = await openSource(first, { name: "first", retries: 0 });
  const b = await openSource(second, { name: "second", retries: 0 });
  return {
    first,
    second,
    both: failover([a.source, b.source]),
    async [Symbol.asyncDispose]() {
      await Promise.all([first.close(), second.close(), a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    },
  };
}

test("asks the first upstream alone as long as it answers", async () => {
  await using two = await startTwo();
  await using store = await temporaryStore();

  await two.both.readDocument(INDEX, undefined, NEVER);
  await fetchInto(store, two.both, itemRequest(two.first, PATH));

  expect(two.first.requests).toEqual([`GET ${INDEX}`, `GET ${PATH}`]);
  expect(two.second.requests).toEqual([]);
});

test("takes an index and its product files from one upstream", async () => {
  await using two = await startTwo();
  two.first.fault(INDEX, { kind: "status", status: 503, times: 1 });

  await two.both.readDocument(INDEX, undefined, NEVER);
  await two.both.readDocument(PRODUCTS, undefined, NEVER);
  expect(two.second.requests).toEqual([`GET ${INDEX}`, `GET ${PRODUCTS}`]);

  await two.both.readDocument(INDEX, undefined, NEVER);
  expect(two.first.requests).toEqual([`GET ${INDEX}`, `GET ${INDEX}`]);
});

test("an upstream that cannot be trusted stops that one only", async () => {
  await using two = await startTwo();
  two.first.publish(await withSignatureFault(two.first.tree, "streams/v1/index2.json", "altered"));

  expect(await two.both.readDocument(INDEX, undefined, NEVER)).toMatchObject({
    kind: "found",
    document: { url: `${two.second.url}${INDEX}` },
  });
});

test("brings a tarball from the next upstream, going on where the first broke off", async () => {
  await using two = await startTwo();
  await using store = await temporaryStore();
  two.first.fault(PATH, { kind: "cut", at: 1000 });

  const log = await fetchInto(store, two.both, itemRequest(two.first, PATH));

  expect(two.second.requests[0]).toBe(`GET ${PATH} bytes=1000-`);
  expect(log.bytes).toBe(itemRequest(two.first, PATH).size);
});

test("names every upstream and its reason when none can help, the gravest first", async () => {
  await using two = await startTwo();
  two.first.fault(INDEX, { kind: "status", status: 503 });
  two.second.publish(await withSignatureFault(two.second.tree, "streams/v1/index2.json", "text-after"));

  const error = await failureOf(two.both.readDocument(INDEX, undefined, NEVER));

  expect(error.code).toBe("JAM_METADATA_SIGNATURE_INVALID");
  expect(error.message).toMatch(/first: .*status 503.*second: .*text behind/);
  expect(error.details).toMatchObject({
    upstreams: [
      { name: "first", code: "JAM_UPSTREAM_STATUS" },
      { name: "second", code: "JAM_METADATA_SIGNATURE_INVALID" },
    ],
  });
});

test("says not-found only when every upstream does", async () => {
  await using two = await startTwo();
  const nothing = "streams/v1/nothing.sjson";

  expect(await two.both.readDocument(nothing, undefined, NEVER)).toMatchObject({ kind: "not-found" });
  two.second.fault(nothing, { kind: "status", status: 500 });
  expect((await failureOf(two.both.readDocument(nothing, undefined, NEVER))).code).toBe(
    "JAM_UPSTREAM_STATUS",
  );
});

test("does not ask another upstream for a cancelled run", async () => {
  await using two = await startTwo();
  two.first.fault(INDEX, { kind: "silence" });

  expect((await failureOf(two.both.readDocument(INDEX, undefined, AbortSignal.timeout(100)))).code).toBe(
    "JAM_CANCELLED",
  );
  expect(two.second.requests).toEqual([]);
});
