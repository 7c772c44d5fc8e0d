/** What is missing on the command line is named with the help of its own command. */
import { expect, test } from "vitest";
import { jamHere } from "../../helpers/jam-here.ts";

test.for([
  [["channel", "promote", "prod"], /Add --reason TEXT\. `jam channel promote --help`/],
  [["channel", "create", "lab"], /Add --from FEEDER\. `jam channel create --help`/],
  [["bundle", "create"], /Add --to PATH\. `jam bundle create --help`/],
  [["list", "-o", "xml"], /`jam list --help`|Did you mean/],
  [["which"], /`jam which 3\.6\.5`/],
] as const)("%s", async ([args, hint]) => {
  const { status, stderr } = await jamHere("/", args);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(hint);
});
