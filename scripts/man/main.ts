/** Writes the manual pages into a folder: `node scripts/man/main.ts FOLDER`. `npm run build` does. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { manPages } from "./pages.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Name the folder for the pages.");

// Builds that have to be the same byte for byte set it. Source: https://reproducible-builds.org/specs/source-date-epoch/
const seconds = process.env["SOURCE_DATE_EPOCH"];
const made = seconds === undefined ? new Date() : new Date(Number(seconds) * 1000);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const frame = { version: packageJson.version, date: made.toISOString().slice(0, 10) };
for (const { name, text } of await manPages(frame)) writeFileSync(join(folder, name), text);
