import { expect, test } from "vitest";
import { OfferWatch } from "../../../src/cache/offer-watch.ts";
import { writeReach } from "../../../src/mirror/offer.ts";
import { readShown } from "../../../src/mirror/read-shown.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { until } from "../../helpers/until.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ASKED_AT = "2026-01-01T00:00:00.000Z";
const LONG_AGO = "2025-12-31T00:00:00.000Z";

test.for([
  ["was never asked", [], 6 * HOUR_MS, "answers"],
  ["is overdue", [{ name: "second", refreshedAt: LONG_AGO }], 6 * HOUR_MS, "answers"],
  ["is overdue, and the server missed its turn", [], 13 * HOUR_MS, "unknown"],
  ["was asked in this turn", [{ name: "second", refreshedAt: ASKED_AT }], 6 * HOUR_MS, "unknown"],
] as const)(
  "how upstream answers, when the one that is asked often %s",
  async ([, second, ageMs, expected]) => {
    await using store = await temporaryStore();
    const upstreams = [{ name: "first", refreshedAt: ASKED_AT }, ...second];
    await writeReach(store.documents, { refreshedAt: ASKED_AT, changedAt: ASKED_AT, upstreams });
    const rule = { staleMs: 0, quota: undefined };
    const rules = {
      refreshMs: HOUR_MS,
      staleMs: 0,
      upstreams: [
        { ...rule, name: "first", refreshMs: 6 * HOUR_MS },
        { ...rule, name: "second", refreshMs: MINUTE_MS },
      ],
    };
    const { upstream } = await readShown(store, rules, new Date(Date.parse(ASKED_AT) + ageMs));
    expect(upstream).toBe(expected);
  },
);

test("who wants every upstream asked waits for a turn of only some, and gets one of all", async () => {
  await using store = await temporaryStore();
  const turns: { readonly asksAll: boolean; readonly end: () => void }[] = [];
  const watch = new OfferWatch({
    documents: store.documents,
    findHeld: async () => new Set(),
    refresh: async (_signal, { asksAll }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      turns.push({ asksAll, end: resolve });
      await promise;
      return "unchanged";
    },
    close: async () => undefined,
    now: () => new Date(),
    onNote: () => undefined,
    upstreams: [{ name: "sample", refreshMs: 10, staleMs: 0 }],
    staleMs: 0,
  });
  const started = watch.start();
  await until(() => turns.length === 1);
  const joined = watch.refreshNow();
  turns[0]?.end();
  await Promise.all([started, joined]);
  await until(() => turns.length === 2);

  const wanted = Promise.all([watch.refreshNow(), watch.refreshNow()]);
  turns[1]?.end();
  await until(() => turns.length === 3);
  turns[2]?.end();
  await wanted;

  expect(turns.slice(0, 3).map(({ asksAll }) => asksAll)).toEqual([true, false, true]);
  const closed = watch.close();
  for (const { end } of turns) end();
  await closed;
});
