import type { OutputFormat } from "../global-options.ts";
import type { CommandIo } from "../io.ts";

/** Where results and remarks of a command go. */
export interface Output {
  readonly format: OutputFormat;
  /** The one result of a command: `document` as JSON or YAML, or what `render` makes of it for people. */
  readonly print: (document: unknown, render: () => string | Promise<string>) => Promise<void>;
  /** A remark on standard error; silent with --quiet. */
  readonly note: (text: string) => Promise<void>;
  /** A remark on standard error that --quiet does not silence. */
  readonly warn: (text: string) => Promise<void>;
}

export function createOutput(io: CommandIo, format: OutputFormat, isQuiet: boolean): Output {
  return {
    format,
    print: async (document, render) => {
      const text = format === "table" ? await render() : await serialize(document, format);
      if (text !== "") await io.stdout.write(endLine(text));
    },
    note: async (text) => {
      if (!isQuiet) await io.stderr.write(endLine(text));
    },
    warn: (text) => io.stderr.write(endLine(text)),
  };
}

async function serialize(document: unknown, format: Exclude<OutputFormat, "table">): Promise<string> {
  const { formatDocument } = await import("./document.ts");
  return formatDocument(document, format);
}

function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
