/** What a key is worth that counted once, through the real command. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { formatFingerprint } from "../../../src/shared/signature.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { daysAgo, makeAgingKey, type AgingKey } from "../../helpers/aging-key.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type SampleTree } from "../../helpers/upstream.ts";

let key: AgingKey;
/** Signed three days ago, and two days ago. */
let older: SampleTree;
let newer: SampleTree;

beforeAll(async () => {
  key = await makeAgingKey();
  const shared = { key, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;
  older = await buildSampleTree({ ...shared, releases: ["3.6.26"], now: daysAgo(3) });
  newer = await buildSampleTree({ ...shared, releases: ["3.6.26", "3.6.27"], now: daysAgo(2) });
});

const words = (text: string) => text.replaceAll(/\s+/g, " ");

async function snapshotOf({ data }: TestMirror) {
  return requireCurrentSnapshot(await openFsStore(data), data);
}

/** Lets the next sync read everything whole: upstream's answers are new ones, whatever they hold. */
async function forgetValidators({ data }: TestMirror): Promise<void> {
  const file = join(data, "state/upstream-memory.json");
  const state = JSON.parse(await readFile(file, "utf8")) as { documents: object[] };
  state.documents = state.documents.map((document) => ({ ...document, validators: {} }));
  await writeFile(file, JSON.stringify(state));
}

describe("a key that has expired", () => {
  test("keeps what was accepted before, signs nothing new, and is on record where that is allowed", async () => {
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await temporaryMirror(upstream);
    expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
    await writeFile(join(mirror.folder, "key.asc"), await key.expired(daysAgo(1)));

    // What is known stays as it is, whether upstream says so or sends it again.
    expect((await mirror.sync()).outcome).toBe("unchanged");
    await forgetValidators(mirror);
    expect((await mirror.sync()).outcome).toBe("unchanged");
    expect((await mirror.jam("check")).stdout).toMatch(/a key that expired on/);

    upstream.publish(newer);
    const refused = await mirror.jam("sync");
    expect(refused.status).toBe(4);
    expect(words(refused.stderr)).toMatch(
      new RegExp(
        `signed by key ${formatFingerprint(key.fingerprint)}, which expired on .* --allow expired-key`,
      ),
    );
    expect((await mirror.published()).agents).toHaveLength(1);

    const allowed = await mirror.jam("sync", "--allow", "expired-key");
    expect(allowed.status).toBe(0);
    expect(words(allowed.stdout)).toContain("This is recorded in the snapshot");
    expect((await mirror.published()).agents).toHaveLength(2);
    const { upstream: proof } = await snapshotOf(mirror);
    const expiredAt = expect.stringMatching(/^20\d\d-/) as string;
    expect(proof.documents.map(({ keyExpiredAt }) => keyExpiredAt)).toEqual([expiredAt, expiredAt]);
    expect((await mirror.jam("status")).stdout).toContain(
      `KEY THAT HAD EXPIRED: ${formatFingerprint(key.fingerprint)}`,
    );

    // Once accepted, it is what was accepted before.
    expect((await mirror.sync()).outcome).toBe("unchanged");
    expect((await snapshotOf(mirror)).upstream).toEqual(proof);
  });

  test("signs nothing for a mirror that is new", async () => {
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await temporaryMirror(upstream);
    await writeFile(join(mirror.folder, "key.asc"), await key.expired(daysAgo(1)));
    const { status, stdout } = await mirror.jam("sync", "-o", "json");
    expect([status, stdout]).toEqual([4, expect.stringContaining("JAM_METADATA_KEY_EXPIRED")]);
  });

  test("counts again when its owner puts the expiry off", async () => {
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await temporaryMirror(upstream);
    await writeFile(join(mirror.folder, "key.asc"), await key.expired(daysAgo(-300)));
    expect((await mirror.sync()).outcome).toBe("updated");
    const { upstream: proof } = await snapshotOf(mirror);
    expect(proof.documents.some(({ keyExpiredAt }) => keyExpiredAt !== undefined)).toBe(false);
  });

  test("that was past its day when it signed is refused, allowed or not", async () => {
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await temporaryMirror(upstream);
    await writeFile(join(mirror.folder, "key.asc"), await key.expired(daysAgo(10)));
    const error = await mirror.sync({ allow: ["expired-key"] }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "JAM_METADATA_SIGNATURE_INVALID",
      message: expect.stringMatching(/it expired on .*, before the signature was made/) as string,
    });
  });
});

describe("a key that is revoked", () => {
  test.for(["superseded", "compromised"] as const)(
    "because it is %s signs nothing, whenever it signed",
    async (reason) => {
      await using upstream = await startUpstream({ tree: older });
      await using mirror = await temporaryMirror(upstream);
      await mirror.sync();
      const before = await mirror.published();
      await writeFile(join(mirror.folder, "key.asc"), await key.revoked(daysAgo(1), reason));
      for (const tree of [older, newer]) {
        upstream.publish(tree);
        const error = await mirror.sync({ allow: ["expired-key"] }).catch((failure: unknown) => failure);
        expect(error).toMatchObject({
          code: "JAM_METADATA_SIGNATURE_INVALID",
          message: expect.stringContaining(
            `its key ${formatFingerprint(key.fingerprint)} does not count: it is revoked`,
          ) as string,
        });
      }
      expect(await mirror.published()).toEqual(before);
      const check = await mirror.jam("check");
      expect(check.stdout).toMatch(/^fail +key +every key that sample may be signed by is revoked/m);
    },
  );
});
