import { expect, test } from "vitest";
import type { CommandContext } from "../../../src/cli/command.ts";
import { createServerLog } from "../../../src/cli/request-log.ts";

const NOW = new Date("2026-11-29T12:15:27.000Z");
const ANSWERED = { method: "GET", bytes: 1024, ms: 2, remote: "10.0.0.7", userAgent: "", aborted: false };

/** The lines of a log on a terminal. */
async function linesOf(
  ...records: readonly { readonly url: string; readonly status: number }[]
): Promise<string[]> {
  const lines: string[] = [];
  const log = createServerLog({
    io: { stderr: { isTTY: true, columns: () => 80, write: (text: string) => void lines.push(text) } },
    globals: { isQuiet: false, logLevel: "info" },
    now: () => NOW,
    paintError: (style: string, text: string) => `<${style}>${text}`,
  } as unknown as CommandContext);
  for (const record of records) log.request({ ...ANSWERED, ...record });
  return lines;
}

test("each line has the date and the offset from UTC", async () => {
  const [line] = await linesOf({ url: "/tools/streams/v1/index2.json", status: 200 });
  expect(line).toMatch(
    /^2026-11-\d\dT\d\d:\d\d:27[+-]\d\d:\d\d <green>200 GET \/tools\/streams\/v1\/index2\.json 1\.0 KiB /,
  );
});

test("what Juju asks for first and is right not to find is told apart from other names that are missing", async () => {
  const [signed, other] = await linesOf(
    { url: "/tools/streams/v1/index2.sjson", status: 404 },
    { url: "/tools/streams/v1/index3.json", status: 404 },
  );
  expect(signed).toMatch(
    /<green>404 .* \(as it should: Juju asks for the signed index first, then for index2\.json\)\n$/,
  );
  expect(other).toMatch(/<yellow>404 .* 10\.0\.0\.7\n$/);
});
