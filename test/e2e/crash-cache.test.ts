/** A few kills of a cache server under its clients; test/long sweeps them. */
import { describe, expect, test } from "vitest";
import { sweepCache } from "../crash/cache-sweep.ts";
import { peer } from "../helpers/peers.ts";

const strace = peer("strace");

describe.skipIf(strace.isMissing)(`killed at a system call${strace.note}`, () => {
  test("a cache server loses nothing that has come, and nobody gets a wrong tarball", async () => {
    const { trials } = await sweepCache({
      // Each trial starts three servers: the longest of these tests.
      choose: ({ call, ordinal }) => (call === "rename" || call === "pwrite64") && ordinal === 7,
    });
    expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
    expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(0);
  });
});
