import { expect, test } from "vitest";
import { EXIT, EXIT_STATUSES } from "../../../src/cli/exit-status.ts";
import { HELP_TOPICS } from "../../../src/cli/help-topics.ts";
import { ERROR_OUTCOMES } from "../../../src/shared/errors.ts";

const known = new Map<number, string>(EXIT_STATUSES);

test("the help explains every exit status of an error and of a result", () => {
  const used = [...Object.values(ERROR_OUTCOMES).map(({ exit }) => exit), ...Object.values(EXIT)];
  expect(used.filter((status) => !known.has(status))).toEqual([]);
  for (const [status, meaning] of known)
    expect(HELP_TOPICS["exit-codes"]).toContain(`${status}  ${meaning}\n`);
});
