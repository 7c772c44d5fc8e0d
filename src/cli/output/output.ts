import type { GlobalOptions, OutputFormat } from "../global-options.ts";
import { printableLines } from "../../shared/printable.ts";
import type { CommandIo, OutputStream } from "../io.ts";

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
      const text =
        format === "table" ? await fit(await render(), widthOf(io)) : await serialize(document, format);
      if (text !== "") await write(io.stdout, text);
    },
    note: async (text) => {
      if (!isQuiet) await write(io.stderr, text);
    },
    warn: (text) => write(io.stderr, text),
  };
}

/** Columns of standard output: those of its terminal, else COLUMNS where that is exported, else no limit. */
export function widthOf({ stdout, env }: Pick<CommandIo, "stdout" | "env">): number {
  const columns = stdout.columns() ?? Number(env["COLUMNS"]);
  return Number.isInteger(columns) && columns >= MIN_WIDTH ? columns : Infinity;
}

/** In narrower terminals nothing is wrapped: it would be harder to read. */
const MIN_WIDTH = 40;

async function fit(text: string, width: number): Promise<string> {
  if (width === Infinity) return text;
  const { fitLines } = await import("./fit.ts");
  return fitLines(text, width);
}

async function serialize(document: unknown, format: Exclude<OutputFormat, "table">): Promise<string> {
  const { formatDocument } = await import("./document.ts");
  return formatDocument(document, format);
}

function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

export type PaintStyle = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** What texts for people are made for. */
export interface Page {
  readonly paint: Paint;
  /** Columns of the terminal; infinite where there is none. */
  readonly width: number;
}

/** Puts terminal colours around a text, or none. */
export type Paint = (style: PaintStyle, text: string) => string;

/** True for a terminal that may have colours; `TERM=dumb` may not. */
export function hasColours(
  stream: OutputStream,
  mayColor: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return mayColor && stream.isTTY && env["TERM"] !== "dumb";
}

/** Colours where `hasColours` says so. */
export function createPaint(...where: Parameters<typeof hasColours>): Paint {
  if (!hasColours(...where)) return (_style, text) => text;
  // Not imported at the top: as an ES module node:util loads all it has, 3 ms that output without colours can save.
  const { styleText } = process.getBuiltinModule("node:util");
  return (style, text) => styleText(style, text, { validateStream: false });
}
