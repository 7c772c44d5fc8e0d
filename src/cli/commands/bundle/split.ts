import { type Command, InvalidArgumentError } from "commander";
import { parseVolumeSize } from "../../../bundle/format/volume-plan.ts";
import type { RunAction } from "../../command.ts";
import { divide, DIVIDE_HELP } from "./divide.ts";

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
      parseSize,
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

function parseSize(text: string): number {
  const bytes = parseVolumeSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new InvalidArgumentError("Give a size such as 4300MiB, or one of dvd, bd, fat32.");
}
