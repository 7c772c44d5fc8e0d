import type { OutputStream } from "../io.ts";

export type PaintStyle = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

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
