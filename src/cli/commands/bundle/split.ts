import type { Command } from "commander";
import type { RunAction } from "../../command.ts";
import { divide, DIVIDE_HELP } from "./divide.ts";
import { parseSizeFlag } from "./describe-volumes.ts";

/** Adds `split` to `parent`. */
export function defineSplit(parent: Command, run: RunAction): void {
  parent
    .command("split")
    .summary("divide a bundle into volumes of an exact size")
    .description("Divide a bundle into volumes of an exact size: one archive, or volumes of another size.")
    .argument("<from...>", "the archive, or all volumes or the folders that hold them")
    .requiredOption("--to <folder>", "folder for the volumes, or a file ending in .tar to name them after")
    .requiredOption(
      "--volume-size <size>",
      "volumes of exactly this size: 4300MiB, or dvd, bd, fat32",
      parseSizeFlag,
    )
    .option("--force", "replace files of another bundle at that place")
    .addHelpText(
      "after",
      `${DIVIDE_HELP}

Examples:
  jam bundle split bundle.tar --volume-size dvd --to discs/
  jam bundle split discs/ --volume-size fat32 --to /media/stick/`,
    )
    .action(run(divide));
}
