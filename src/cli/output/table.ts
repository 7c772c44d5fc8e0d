import { printable } from "../../shared/printable.ts";

/** One column: its heading and alignment; numbers are aligned right. */
export interface TableColumn {
  readonly heading: string;
  readonly align?: "left" | "right";
}

const ASCII = /^[\x20-\x7e]*$/;

/**
 * Aligned columns under a heading, two blanks between them, no line wider than its values need.
 * Nothing is cut off, so that the text stays good for `grep` and `awk`; what would steer a terminal is spelled out.
 */
export async function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  return layOut(columns, [columns.map((column) => column.heading), ...rows]);
}

/** Rows without a heading, aligned like those of a table. */
export async function formatRows(rows: readonly (readonly string[])[]): Promise<string> {
  const widest = rows.reduce((count, row) => Math.max(count, row.length), 0);
  return layOut(
    Array.from({ length: widest }, () => ({ heading: "" })),
    rows,
  );
}

function layOut(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
): string | Promise<string> {
  const isAscii = cells.every((row) => row.every((cell) => ASCII.test(cell)));
  return isAscii ? align(columns, cells, (text) => text.length) : alignAny(columns, cells);
}

/** Loads what knows the width of every character only where there are others than ASCII's. */
async function alignAny(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
): Promise<string> {
  const { default: stringWidth } = await import("string-width");
  const shown = cells.map((row) => row.map((cell) => printable(cell, Infinity)));
  return align(columns, shown, stringWidth);
}

function align(
  columns: readonly TableColumn[],
  cells: readonly (readonly string[])[],
  width: (text: string) => number,
): string {
  const widths = columns.map((_, index) =>
    cells.reduce((widest, row) => Math.max(widest, width(row[index] ?? "")), 0),
  );
  const lines = cells.map((row) =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? "";
        const gap = " ".repeat((widths[index] ?? 0) - width(cell));
        return column.align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
