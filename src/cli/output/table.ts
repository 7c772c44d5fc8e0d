import { printable } from "../../shared/printable.ts";

/** One column: its heading and alignment; numbers are aligned right. */
export interface TableColumn {
  readonly heading: string;
  readonly align?: "left" | "right";
}

const ASCII = /^[\x20-\x7e]*$/;

/**
 * Aligned columns under a heading, two blanks between them, no line wider than its values need. What would steer a
 * terminal is spelled out. Nothing is cut off: cells that do not fit into `width` are continued on the lines below. The
 * width is that of the terminal; without one it is infinite, so that the text stays good for `grep` and `awk`.
 */
export async function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): Promise<string> {
  return layOut(columns, [columns.map((column) => column.heading), ...rows], width);
}

/** Rows without a heading, aligned like those of a table. */
export async function formatRows(rows: readonly (readonly string[])[], width = Infinity): Promise<string> {
  const widest = rows.reduce((count, row) => Math.max(count, row.length), 0);
  return layOut(
    Array.from({ length: widest }, () => ({ heading: "" })),
    rows,
    width,
  );
}

type Cells = readonly (readonly string[])[];
type WidthOf = (text: string) => number;

async function layOut(columns: readonly TableColumn[], cells: Cells, width: number): Promise<string> {
  const isAscii = cells.every((row) => row.every((cell) => ASCII.test(cell)));
  const shown = isAscii ? cells : cells.map((row) => row.map((cell) => printable(cell, Infinity)));
  // What knows the width of every character is loaded only where there are others than ASCII's.
  const widthOf = isAscii ? (text: string) => text.length : (await import("string-width")).default;
  const natural = columns.map((_, index) =>
    shown.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? "")), 0),
  );
  if (width === Infinity) return align(columns, shown, { widths: natural, widthOf });
  const { fitRows, fitWidths } = await import("./fit.ts");
  const widths = fitWidths(natural, width);
  return align(columns, fitRows(shown, widths, widthOf), { widths, widthOf });
}

function align(
  columns: readonly TableColumn[],
  cells: Cells,
  { widths, widthOf }: { readonly widths: readonly number[]; readonly widthOf: WidthOf },
): string {
  const lines = cells.map((row) =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? "";
        const gap = " ".repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
        return column.align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
