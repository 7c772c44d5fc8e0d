import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findOtherSchedules } from "../../../src/cli/init/other-schedules.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

const ADMIN = "etc/systemd/system/jam-sync.timer";
const PACKAGE = "usr/lib/systemd/system/jam-sync.timer";

test.for<["systemd" | "cron", string, boolean]>([
  ["cron", ADMIN, true],
  ["cron", PACKAGE, true],
  ["systemd", PACKAGE, true],
  ["systemd", "etc/cron.d/jam", true],
  // These are what the new files replace.
  ["systemd", ADMIN, false],
  ["cron", "etc/cron.d/jam", false],
])("next to a new schedule of %s, %s counts as another one: %s", async ([kind, path, counts]) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "");
  await symlink("usr/lib", join(folder.path, "lib"));
  expect(findOtherSchedules(kind, join(folder.path, "new"), folder.path)).toEqual(counts ? [file] : []);
});
