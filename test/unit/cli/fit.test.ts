import { expect, test } from "vitest";
import { fitLines } from "../../../src/cli/output/fit.ts";
import { formatTable } from "../../../src/cli/output/table.ts";

const COLUMNS = [{ heading: "KEY" }, { heading: "VALUE" }, { heading: "SIZE", align: "right" }] as const;
const widest = (text: string) => Math.max(...text.split("\n").map(({ length }) => length));

test("cells that do not fit are continued below, broken at blanks and after slashes", async () => {
  const text = await formatTable(
    COLUMNS,
    [
      ["one", "a value of several words", "5 B"],
      ["two", "http://upstream.example/juju/tools/", "12 B"],
    ],
    30,
  );
  expect(text).toBe(`KEY  VALUE                SIZE
one  a value of several    5 B
     words
two  http://upstream.     12 B
     example/juju/tools/
`);
});

test("only the widest column is made narrower where that is enough: ids stay whole", async () => {
  const id = "20261129T210342Z-6da8a949";
  const rows = [[id, "http://upstream.example/juju/tools/of/somebody", "770.6 KiB"]];
  const text = await formatTable(COLUMNS, rows, 60);
  expect(widest(text)).toBeLessThanOrEqual(60);
  expect(text).toContain(`\n${id}  `);
});

test("a word without any break is cut, never lost", async () => {
  const text = await formatTable(COLUMNS, [["hash", "0123456789abcdef".repeat(4), "1 B"]], 40);
  expect(widest(text)).toBeLessThanOrEqual(40);
  expect(text.replaceAll(/[^0-9a-f]/g, "")).toContain("0123456789abcdef".repeat(2));
});

test("wide characters count as what they take", async () => {
  const text = await formatTable(COLUMNS, [["日本", "日本語 日本語 日本語", "1 B"]], 24);
  expect(text.split("\n").slice(1, 4)).toEqual(["日本  日本語         1 B", "      日本語", "      日本語"]);
});

test("without a terminal, and in one that is too narrow to read, nothing is wrapped", async () => {
  const rows = [["a".repeat(30), "b".repeat(30), "1 B"]];
  expect((await formatTable(COLUMNS, rows)).split("\n")).toHaveLength(3);
  expect((await formatTable(COLUMNS, rows, 12)).split("\n")).toHaveLength(3);
});

test("long lines go on below their text, after the label", () => {
  expect(fitLines("upstream  one two three four five", 24)).toBe(
    "upstream  one two three\n          four five",
  );
  expect(fitLines("  no label here but long enough", 20)).toBe("  no label here but\n    long enough");
  expect(fitLines("short", 20)).toBe("short");
});

test("a command stays on one line, alone or between backquotes", () => {
  const command = "  juju bootstrap CLOUD prod-3.6.27 --agent-version 3.6.27";
  expect(fitLines(command, 30)).toBe(command);
  expect(fitLines("Then run `jam snapshot list` and look at it", 24)).toBe(
    "Then run\n`jam snapshot list` and\nlook at it",
  );
});

test.for([
  "  health check   juju status -m prod:controller --format json | jam upgraded --to 2.9.59",
  "  sudo snap ack ./juju_1.assert && sudo snap install ./juju_1.snap",
  "  Watch:    watch -n 5 juju show-model prod:web",
  "  juju bootstrap CLOUD prod \\\n    --config agent-metadata-url=http://mirror.example:8080/tools \\\n    --db-snap ./juju-db_1.snap",
  "  sudo -u jam jam sync --dry-run # what would be fetched",
  "  HTTPS_PROXY=http://proxy:3128 jam sync --quiet --progress none",
  "  --config image-metadata-url=http://IMAGES/simplestreams --model-default image-metadata-url=http://IMAGES/simplestreams",
  "  --db-snap ./juju-db_1.snap --db-snap-asserts ./juju-db_1.assert    (in the command)",
  "  (crontab -l 2>/dev/null; cat /srv/jam/jam.cron) | crontab -",
])("a command stays whole: %s", (command) => {
  expect(fitLines(command, 30)).toBe(command);
});

test.for([
  "note  jam, the mirror, is here and there",
  "also  apt packages that each new machine installs",
  "--config is for the controller's own model and no other",
  "--config apt-mirror=http://APT/ubuntu      the apt packages that each machine installs",
])("prose that begins as a command does is no command: %s", (prose) => {
  expect(fitLines(prose, 24).split("\n").length).toBeGreaterThan(1);
});

test("colours take no columns", () => {
  const red = "\u001B[31mred\u001B[39m words here";
  expect(fitLines(red, 14)).toBe(red);
});

test("a fingerprint stays on one line, and text goes on after the second label", () => {
  const print = "638F 6F78 F215 3813 9690 BE29 5071 1563 326E 6555";
  expect(fitLines(`ok    key   the sample must be signed by ${print}`, 64)).toBe(
    `ok    key   the sample must be signed by\n            ${print}`,
  );
});
