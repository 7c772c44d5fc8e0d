import type { DescribedSetting } from "../../config/describe.ts";
import type { LoadOptions } from "../../config/load.ts";
import { printable } from "../../shared/printable.ts";
import type { CommandCall, CommandContext, DefineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";
import { readVersion } from "../program-info.ts";

export const define: DefineCommand = (command, run) => {
  command
    .command("show")
    .summary("print the settings in effect and where each one comes from")
    .description("Print the settings in effect and where each one comes from.")
    .action(run(show));
  command
    .command("validate")
    .summary("check a settings file and list every problem with line and column")
    .description("Check a settings file and list every problem with line and column.")
    .argument("[file]", "the file to check instead of the one in use")
    .action(run(validate));
  command
    .command("path")
    .summary("print the path of the settings file")
    .description("Print the path of the settings file.")
    .action(run(printPath));
  command
    .command("schema")
    .summary("print the JSON Schema of the settings file, for editors")
    .description("Print the JSON Schema of the settings file, for editors.")
    .option("--markdown", "print a Markdown table instead")
    .action(run(printSchema));
  command.addHelpText(
    "after",
    `
Examples:
  jam config show
  jam config validate /etc/jam/jam.yaml
  jam config schema > jam.schema.json`,
  );
};

async function show(context: CommandContext): Promise<void> {
  const { loadSettings } = await import("../../config/load.ts");
  const { describeSettings } = await import("../../config/describe.ts");
  const { globals } = context;
  const flags = globals.data === undefined ? {} : { data: globals.data };
  const loaded = await loadSettings({ ...placeOf(context), file: globals.config, flags });
  const settings = describeSettings(loaded);
  await context.output.print({ file: loaded.file ?? null, settings: settings.map(withNull) }, () =>
    renderSettings(settings, { file: loaded.file, width: context.width }),
  );
}

/** The path of the file stands once, above the settings that come from it. */
async function renderSettings(
  settings: readonly DescribedSetting[],
  { file, width }: { readonly file: string | undefined; readonly width: number },
): Promise<string> {
  const table = await formatTable(
    [{ heading: "SETTING" }, { heading: "VALUE" }, { heading: "FROM" }],
    settings.flatMap(({ key, value, from }) =>
      showValue(value).map((text, i) => [
        i === 0 ? key : "",
        text,
        i > 0 ? "" : from === file ? "file" : from,
      ]),
    ),
    width,
  );
  const where = file === undefined ? "There is no settings file." : `file: ${printable(file, Infinity)}`;
  return `${where}\n\n${table}`;
}

/** Where settings are looked for. */
function placeOf({ io }: CommandContext): Pick<LoadOptions, "env" | "cwd" | "version"> {
  return { env: io.env, cwd: io.cwd, version: readVersion() };
}

/** JSON leaves undefined out; a script rather sees that the setting is there and empty. */
function withNull<T extends { readonly value: unknown }>(setting: T): T {
  return { ...setting, value: setting.value ?? null };
}

/** One line for each element of a list. */
function showValue(value: unknown): string[] {
  if (value === undefined) return ["-"];
  if (Array.isArray(value) && value.length > 0) return value.map((element) => JSON.stringify(element));
  return [typeof value === "string" ? value : JSON.stringify(value)];
}

async function validate(context: CommandContext, call: CommandCall<object>): Promise<void> {
  const [file] = call.args;
  const { loadConfig } = await import("../../config/load.ts");
  const path = typeof file === "string" ? file : context.globals.config;
  const config = await loadConfig({ ...placeOf(context), file: path, flags: {} });
  await context.output.print({ valid: true, file: config.file ?? null }, () =>
    config.file === undefined
      ? "There is no settings file; the built-in settings are valid."
      : `${printable(config.file, Infinity)} is valid.`,
  );
}

async function printPath(context: CommandContext): Promise<void> {
  const { file } = await context.config();
  await context.output.print({ file: file ?? null }, () =>
    printable(file ?? "There is no settings file; built-in settings apply.", Infinity),
  );
}

async function printSchema(context: CommandContext, call: CommandCall<{ markdown?: true }>): Promise<void> {
  const { configJsonSchema } = await import("../../config/schema.ts");
  const schema = configJsonSchema();
  await context.output.print(schema, async () => {
    if (call.options.markdown !== true) return JSON.stringify(schema, undefined, 2);
    const { formatConfigReference } = await import("../../config/describe.ts");
    return formatConfigReference();
  });
}
