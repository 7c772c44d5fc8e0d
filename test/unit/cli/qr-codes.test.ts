import { fc, test as property } from "../../helpers/property.ts";
import decodeQr from "qr/decode.js";
import { expect, test } from "vitest";
import { drawQrCodes, type QrCode } from "../../../src/cli/commands/bundle/qr-codes.ts";
import { runs } from "../../helpers/tier.ts";

/** What a camera would read off a dark terminal: half blocks are light, blanks are dark. */
function scan({ drawing }: QrCode): string {
  const rows = drawing.trimEnd().split("\n");
  const width = Math.max(...rows.map((row) => row.length));
  const scale = 4;
  const margin = 4;
  const height = rows.length * 2;
  const size = { width: (width + 2 * margin) * scale, height: (height + 2 * margin) * scale };
  const data = new Uint8Array(size.width * size.height * 3);
  const isLight = (x: number, y: number) => {
    const block = rows[Math.floor(y / 2)]?.[x] ?? " ";
    const isOutside = x < 0 || y < 0 || x >= width || y >= height;
    return isOutside || block === "█" || block === (y % 2 === 0 ? "▀" : "▄");
  };
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const light = isLight(Math.floor(x / scale) - margin, Math.floor(y / scale) - margin);
      data.fill(light ? 255 : 0, (y * size.width + x) * 3, (y * size.width + x) * 3 + 3);
    }
  }
  return decodeQr({ ...size, data }, { timeLimit: 5_000 });
}

const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => `    "${String(index).padStart(8, "0").repeat(8)}",\n`).join(
    "",
  );

test("a short text is one code", async () => {
  const codes = await drawQrCodes(lines(12));
  expect(codes.map(scan)).toEqual([lines(12)]);
});

test("a long text is several codes of about the same size, cut at ends of lines", async () => {
  const codes = await drawQrCodes(lines(80));
  expect(codes).toHaveLength(3);
  expect(codes.map(scan).join("")).toBe(lines(80));
  expect(codes.every(({ text }) => text.endsWith("\n") && text.length < 2_300)).toBe(true);
});

property.prop([fc.integer({ min: 60, max: 180 }), fc.integer({ min: 1, max: 40 })], runs(12))(
  "no code is wider than the terminal, and together they are the text",
  async (columns, count) => {
    const codes = await drawQrCodes(lines(count), columns);
    expect(codes.map(({ text }) => text).join("")).toBe(lines(count));
    expect(codes.map(scan).join("")).toBe(lines(count));
    for (const { drawing } of codes) {
      expect(Math.max(...drawing.split("\n").map((row) => row.length))).toBeLessThanOrEqual(columns);
    }
  },
);

test("a line that is too long for the terminal is drawn all the same", async () => {
  const text = "x".repeat(1_000);
  expect((await drawQrCodes(text, 40)).map(scan)).toEqual([text]);
});
