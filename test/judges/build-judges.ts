/** Before the first test of this folder: builds the programs that ask Juju's own code, and says all the time what it does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const BUILD = resolve(import.meta.dirname, "../interop/run.sh");
const SIGN_OF_LIFE_MS = 15_000;

/** Called by vitest. What does not build is told again, as a failure, by each test file that needs it. */
export async function setup(): Promise<void> {
  const started = performance.now();
  let step = "Juju's own code";
  const say = (line: string) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(` judges, ${String(seconds)} s: ${line}\n`);
  };
  const child = spawn("sh", [BUILD], { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setInterval(() => say(`${step} …`), SIGN_OF_LIFE_MS);
  const showLine = (line: string) => {
    // Go names each of some 400 modules that it downloads.
    if (line.startsWith("go: downloading")) return;
    step = line;
    say(line);
  };
  createInterface({ input: child.stdout }).on("line", showLine);
  createInterface({ input: child.stderr }).on("line", showLine);
  await once(child, "close");
  clearInterval(timer);
}
