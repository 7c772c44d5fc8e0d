import type { Command } from "commander";
import { JamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import type { Fleet } from "../../upgrade/fleet/fleet.ts";
import type { CommandContext } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readFleetFiles } from "./fleet-files.ts";
import { EXIT } from "../exit-status.ts";

/** The flag of every command that reads files of a fleet. */
export function addExplainFiles(command: Command): void {
  command.option("--explain-files", "only list the files: type, contents, and why a file is not read");
}

/**
 * Prints what every file contains, instead of the output of the command.
 * @returns the exit status
 * @throws JamError JAM_USAGE_INVALID if no file is named or one cannot be read
 */
export async function explainFiles(
  context: CommandContext,
  files: readonly string[] | undefined,
  flag: string,
): Promise<number> {
  if (files === undefined) {
    throw new JamError("JAM_USAGE_INVALID", "--explain-files needs files to explain.", {
      hint: `Name them with ${flag}, or a folder of them.`,
      details: { flag },
    });
  }
  const fleet = await readFleetFiles(context, files, { flag, isExplaining: true });
  await context.output.print(documentOf(fleet), () => render(fleet, context));
  return fleet.unread.length === 0 ? EXIT.ok : EXIT.partial;
}

function documentOf({ sources, controllers, models, notes, unread }: Fleet): object {
  return {
    files: sources.map(({ file, document, command, juju, format, outcome, told, next }) => ({
      file,
      document: document ?? null,
      outcome,
      command: command ?? null,
      juju: juju ?? null,
      format: format ?? null,
      told,
      next: next ?? null,
    })),
    controllers: controllers.map(({ label, uuid, names, version, isJaas, ...rest }) => ({
      controller: label,
      uuid: uuid ?? null,
      names,
      version: version ?? null,
      generation: rest.generation ?? null,
      jaas: isJaas,
    })),
    models: models.map(({ label, uuid, version, machines, units, files }) => ({
      model: label,
      uuid: uuid ?? null,
      version: version ?? null,
      machines: machines?.length ?? null,
      units: units?.length ?? null,
      files,
    })),
    unread,
    notes,
  };
}

async function render(
  { sources, notes, models, controllers }: Fleet,
  context: CommandContext,
): Promise<string> {
  const headings = ["FILE", "DOCUMENT", "READ", "COMMAND", "JUJU", "CONTENTS"];
  const table = await formatTable(
    headings.map((heading) => ({ heading })),
    sources.map(({ file, document, outcome, command, juju, format, told }) => [
      file,
      document === undefined ? "-" : String(document),
      outcome === "read" ? "yes" : outcome === "left-out" ? "skipped" : "NO",
      command === undefined ? "-" : `${command} (${format ?? ""})`,
      juju ?? "-",
      told,
    ]),
    context.width,
  );
  const unread = sources.filter(({ outcome }) => outcome === "unread");
  const steps = Map.groupBy(
    unread.filter(({ next }) => next !== undefined),
    ({ next }) => next,
  );
  const lines = notes
    // The table shows these.
    .filter((note) => !/^(?:Not read|Skipped)\b/.test(note))
    .map((note) => `${context.paint("yellow", "note")}: ${note}`);
  lines.push(...[...steps].map(([step, files]) => `next: ${nameFiles(files)}: ${step}`));
  const parts = [formatCount(controllers.length, "controller"), formatCount(models.length, "model")];
  lines.push(`${formatCount(sources.length, "document")}: ${parts.join(", ")}.`);
  return `${table}\n${lines.join("\n")}\n`;
}

function nameFiles(sources: Fleet["sources"]): string {
  const names = sources.map(
    ({ file, document }) => `${file}${document === undefined ? "" : `, document ${document}`}`,
  );
  return names.length > 3 ? `${names.slice(0, 3).join("; ")} and ${names.length - 3} more` : names.join("; ");
}
