/** A part of a text, and its QR code as lines of half blocks, light on dark. */
export interface QrCode {
  readonly text: string;
  readonly drawing: string;
}

/** At the lowest correction 2,303 bytes: 157 modules, about the densest that a phone reads from a screen. */
const LARGEST_VERSION = 35;
/** Quiet zone in modules; the rest of a dark screen adds to it. */
const BORDER = 2;

/**
 * The text as QR codes, each no wider than `columns` (default: as wide as it takes). The parts are cut at ends of lines
 * so that they give the text when joined, whether or not a scanner adds a line feed after each.
 */
export async function drawQrCodes(text: string, columns = Infinity): Promise<QrCode[]> {
  const { renderUnicodeCompact } = await import("uqr");
  const maxVersion = Math.min(LARGEST_VERSION, Math.max(1, Math.floor((columns - 2 * BORDER - 17) / 4)));
  const lines = text.split(/(?<=\n)/);
  for (let count = 1; ; count++) {
    // The last try takes any size: a single line may be longer than what fits on the screen.
    const isLast = count >= lines.length;
    const options = { ecc: "L" as const, border: BORDER, maxVersion: isLast ? 40 : maxVersion };
    try {
      return splitLines(lines, count).map((part) => ({
        text: part,
        drawing: `${renderUnicodeCompact(part, options)}\n`,
      }));
    } catch (error) {
      if (!(error instanceof RangeError) || isLast) throw error;
    }
  }
}

/** The requested number of parts of about the same size, if there are enough lines. */
function splitLines(lines: readonly string[], count: number): string[] {
  const total = lines.reduce((sum, line) => sum + line.length, 0);
  const parts: string[] = [];
  let part = "";
  let taken = 0;
  for (const line of lines) {
    const isFull = taken + line.length / 2 > (total * (parts.length + 1)) / count;
    if (isFull && part !== "") {
      parts.push(part);
      part = "";
    }
    part += line;
    taken += line.length;
  }
  return [...parts, part];
}
