import type { OutputStream } from "../io.ts";

export type PaintStyle = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Puts terminal colours around a text, or none. */
export type Paint = (style: PaintStyle, text: string) => string;

/** Colours for a terminal that may have them; `TERM=dumb` may not. */
export function createPaint(
  stream: OutputStream,
  mayColor: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isColoured = mayColor && stream.isTTY && env["TERM"] !== "dumb";
  if (!isColoured) return (_style, text) => text;
  // Not imported at the top: as an ES module node:util loads all it has, 3 ms that output without colours can save.
  const { styleText } = process.getBuiltinModule("node:util");
  return (style, text) => styleText(style, text, { validateStream: false });
}
