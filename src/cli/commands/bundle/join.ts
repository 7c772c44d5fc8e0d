import type { Command } from "commander";
import type { RunAction } from "../../command.ts";
import { divide, DIVIDE_HELP } from "./divide.ts";

/** Adds `join` to `parent`. */
export function defineJoin(parent: Command, run: RunAction): void {
  parent
    .command("join")
    .summary("put the volumes of a bundle together in one archive")
    .description("Put the volumes of a bundle together in one archive.")
    .argument("<from...>", "all volumes, or the folders that hold them")
    .requiredOption("--to <file>", "the archive, ending in .tar; or a folder for it")
    .option("--force", "replace files of another bundle at that place")
    .addHelpText(
      "after",
      `${DIVIDE_HELP}

Examples:
  jam bundle join discs/ --to joined/bundle.tar
  jam bundle join disc1/ disc2/ disc3/ --to /srv/bundles/november/`,
    )
    .action(run(divide));
}
