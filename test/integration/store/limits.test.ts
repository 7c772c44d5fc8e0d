import { describe, expect, it } from "vitest";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { peer } from "../../helpers/peers.ts";
import { runActor, runActorMounted } from "./actor.ts";

const mounts = peer("mounts");

describe.skipIf(mounts.isMissing)(`on special file systems${mounts.note}`, () => {
  it("reports a full disk by name, keeps what is whole, and can go on from what came", async () => {
    await using store = await temporaryStore();

    const result = await runActorMounted("fill", store.path, 'mount -t tmpfs -o size=4m tmpfs "$DATA"');

    expect(result).toEqual({
      failure: "JAM_STORE_NO_SPACE",
      documentFailure: "JAM_STORE_NO_SPACE",
      kept: expect.any(Number),
      isSmallThere: true,
      leftovers: [],
    });
    expect(result["kept"]).toBeGreaterThan(2_000_000);
  });

  it("copies blobs into trees where hard links cannot reach", async () => {
    await using store = await temporaryStore();
    const mounts = 'mount -t tmpfs tmpfs "$DATA/published"';
    expect(await runActorMounted("publishAcross", store.path, mounts)).toEqual({ trees: ["one"] });
  });

  it("reads from a read-only medium, and says that writing is not permitted", async () => {
    await using store = await temporaryStore();
    await runActor("publish", store.path);

    const mounts = 'mount --bind "$DATA" "$DATA"; mount -o remount,bind,ro "$DATA"';
    const refused = "JAM_STORE_PERMISSION";
    expect(await runActorMounted("readOnly", store.path, mounts)).toEqual({
      ref: "old",
      bytes: 50_000,
      writer: null,
      lock: refused,
      put: refused,
      stage: refused,
      delete: refused,
      create: refused,
    });
  });
});
