import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeText } from "../../../src/shared/decode-text.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { judgeUpgraded, type UpgradedModel } from "../../../src/upgrade/upgraded/upgraded.ts";

const FLEETS = join(import.meta.dirname, "../../fixtures/fleets");

interface Expected {
  readonly files: Readonly<Record<string, { readonly read: boolean | string }>>;
  readonly upgrades: readonly {
    readonly model: string;
    readonly to: string;
    readonly is: string;
    readonly or?: string;
    readonly file?: string;
  }[];
}

const folders = (await readdir(FLEETS)).filter((name) => /^\d/.test(name));
const cases = (await Promise.all(folders.map(casesOf))).flat();

async function casesOf(folder: string) {
  const text = await readFile(join(FLEETS, folder, "expected.json"), "utf8");
  const { files, upgrades } = JSON.parse(text) as Expected;
  return upgrades.map((one) => ({
    ...one,
    folder,
    states: [one.is, ...(one.or === undefined ? [] : [one.or])],
    names: Object.entries(files)
      .filter(([name, { read }]) => read === true && (one.file === undefined || name === one.file))
      .map(([name]) => name),
  }));
}

test.for(cases)("$folder $file: $model to $to is $is", async ({ folder, names, model, to, is, states }) => {
  const { models, upgraded } = await judge(folder, names, to);
  const one = models.find(({ label, controller, model: name }) =>
    [label, `${controller}:${name}`].includes(model),
  );
  expect(states).toContain(one?.state);
  expect(one?.upgraded).toBe(is === "done");
  if (is !== "done") expect(upgraded).toBe(false);
  expectNamed(one);
});

async function judge(folder: string, names: readonly string[], to: string) {
  const texts = await Promise.all(
    names.map(async (name) => {
      const decoded = decodeText(await readFile(join(FLEETS, folder, name)));
      return { name, text: "text" in decoded ? decoded.text : "" };
    }),
  );
  return judgeUpgraded(readFleet(texts), to);
}

/** Whatever is not done says by which agent or for what reason. */
function expectNamed(model: UpgradedModel | undefined): void {
  if (model === undefined || model.upgraded) return;
  const late = model.agents.filter(({ state }) => state !== "on-target" && state !== "ahead");
  expect(late.length + model.reasons.length).toBeGreaterThan(0);
}

test("no file of a fleet that is refused ends in anything but an error of its own", async () => {
  const folder = "31-not-a-listing";
  const { files } = JSON.parse(await readFile(join(FLEETS, folder, "expected.json"), "utf8")) as Expected;
  for (const [name, { read }] of Object.entries(files)) {
    if (read !== false) continue;
    const failure = await judge(folder, [name], "3.6.9").catch((error: unknown) => error);
    expect(isJamError(failure) ? failure.code : name).toBe("JAM_FLEET_INVALID");
  }
});
