import type { GlobalOptions, OutputFormat } from "../global-options.ts";
import { printableLines } from "../../shared/printable.ts";
import type { CommandIo, OutputStream } from "../io.ts";
import { hasColours } from "./paint.ts";

/** Where results and remarks of a command go. What does not print is escaped in all of them. */
export interface Output {
  readonly format: OutputFormat;
  /** The one result of a command: `document` as JSON or YAML, or the text that `render` returns. */
  readonly print: (document: unknown, render: () => string | Promise<string>) => Promise<void>;
  /** A remark on standard error; silent with --quiet. */
  readonly note: (text: string) => Promise<void>;
  /** A remark on standard error that --quiet does not silence. */
  readonly warn: (text: string) => Promise<void>;
}

export function createOutput(
  io: CommandIo,
  { output: format, isQuiet, mayColor }: Pick<GlobalOptions, "output" | "isQuiet" | "mayColor">,
): Output {
  const write = (stream: OutputStream, text: string) =>
    stream.write(endLine(printableLines(text, hasColours(stream, mayColor, io.env))));
  return {
    format,
    print: async (document, render) => {
      const text = format === "table" ? await render() : await serialize(document, format);
      if (text !== "") await write(io.stdout, text);
    },
    note: async (text) => {
      if (!isQuiet) await write(io.stderr, text);
    },
    warn: (text) => write(io.stderr, text),
  };
}

async function serialize(document: unknown, format: Exclude<OutputFormat, "table">): Promise<string> {
  const { formatDocument } = await import("./document.ts");
  return formatDocument(document, format);
}

function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
