import { styleText } from "node:util";
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
  return isColoured
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}
