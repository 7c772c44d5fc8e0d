import { expect, test } from "vitest";
import { ServerCounts } from "../../../src/server/server-counts.ts";
import { kindOf } from "../../../src/server/traffic.ts";

test.for([
  ["/tools/streams/v1/index2.json", "metadata"],
  ["/upstream/tools/streams/v1/index2.sjson", "metadata"],
  ["/tools/agent/3.6.5/juju-3.6.5-linux-amd64.tgz", "tarball"],
  ["/api/v1/status?runs=1", "api"],
  ["/readyz", "monitor"],
  ["/metrics?x", "monitor"],
  ["/", "page"],
  ["/agents", "page"],
  ["/wp-login.php", "other"],
  ["", "other"],
])("%s is counted as %s", ([url = "", kind]) => {
  expect(kindOf(url)).toBe(kind);
});

test("requests are counted by kind and status, whatever their targets", () => {
  const traffic = new ServerCounts();
  const record = { method: "GET", status: 404, bytes: 100, ms: 1, remote: "", userAgent: "", aborted: false };
  for (let index = 0; index < 1000; index++) traffic.count({ ...record, url: `/scan/${index}` });
  traffic.count({ ...record, url: "/tools/agent/a.tgz", status: 200, aborted: true });
  expect(traffic.rows()).toEqual([
    { kind: "tarball", status: 200, requests: 1, bytes: 100, aborted: 1 },
    { kind: "other", status: 404, requests: 1000, bytes: 100_000, aborted: 0 },
  ]);
});
