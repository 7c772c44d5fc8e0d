import type { RunAction } from "../../src/cli/command.ts";
import { createProgram, loadCommand } from "../../src/cli/program.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { commandPage } from "./command-pages.ts";
import { overviewPage } from "./overview-page.ts";
import type { ManPage, PageFrame } from "./page.ts";
import { settingsPage } from "./settings-page.ts";

const NO_ACTION: RunAction = () => () => Promise.resolve();

/** Every manual page: jam(1), one for each command, and jam.yaml(5). */
export async function manPages(frame: PageFrame): Promise<ManPage[]> {
  const program = createProgram(COMMANDS, {
    writeHelp: () => undefined,
    writeReminder: () => undefined,
    columns: undefined,
    examples: "",
  });
  for (const entry of COMMANDS) await loadCommand(program, entry, NO_ACTION);
  const shown = COMMANDS.filter(({ isHidden }) => isHidden !== true);
  const pages = shown.flatMap(({ name, group }) => {
    const command = program.commands.find((known) => known.name() === name);
    const relatives = shown.filter((other) => other.group === group).map((other) => `jam-${other.name}(1)`);
    return command === undefined ? [] : [commandPage(command, relatives, frame)];
  });
  return [overviewPage(program, frame), ...pages, settingsPage(frame)];
}
