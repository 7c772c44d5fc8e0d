/** One column: its heading, and whether its values stand right (numbers). */
export interface TableColumn {
  readonly heading: string;
  readonly align?: "left" | "right";
}

const ASCII = /^[\x20-\x7e]*$/;
// A value may come from metadata: what would steer a terminal is made visible instead.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * Aligned columns under a heading, two blanks between them, no line wider than its values need.
 * Nothing is cut off, so that the text stays good for `grep` and `awk`; control characters are shown as `\xNN`.
 */
export async function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => row.map(showControls))];
  const width = await measure(cells);
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => width(row[index] ?? ""))));
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

/** `text` with control characters spelled out. */
export function showControls(text: string): string {
  return text.replace(CONTROL, (char) => `\\x${char.codePointAt(0)?.toString(16).padStart(2, "0") ?? ""}`);
}

async function measure(cells: readonly (readonly string[])[]): Promise<(text: string) => number> {
  if (cells.every((row) => row.every((cell) => ASCII.test(cell)))) return (text) => text.length;
  const { default: stringWidth } = await import("string-width");
  return stringWidth;
}
