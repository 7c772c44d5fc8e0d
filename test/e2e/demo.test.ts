/** `npm run demo`, the first thing that a new user runs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { TEST_CACHE } from "../helpers/jam-process.ts";
import { oneIn } from "../helpers/tier.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What Ctrl-C may take: a running download or server is let finish. */
const PATIENCE_MS = 10_000;

interface Demo extends AsyncDisposable {
  /** Resolves when the output holds `words`; rejects when it ends without. */
  says(words: string): Promise<void>;
  /** Sends a signal as a terminal does: to npm, the demo and everything that runs in it. */
  interrupt(): void;
  readonly finished: Promise<{ readonly status: number | null; readonly text: string }>;
  /** What it has left in its folder for temporary files. */
  leftovers(): Promise<string[]>;
}

async function startDemo(...args: string[]): Promise<Demo> {
  const temporary = await mkdtemp(join(tmpdir(), "jam-test-"));
  const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  // Compiled once for all demos: that takes longer than the rest of one.
  const cache = { XDG_CACHE_HOME: TEST_CACHE, NODE_COMPILE_CACHE: join(TEST_CACHE, "node") };
  const env = { PATH: path, HOME: temporary, TMPDIR: temporary, ...cache };
  const child = spawn("npm", ["run", "demo", "--", ...args], {
    cwd: ROOT,
    env: { ...env, npm_config_update_notifier: "false" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let text = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      for (const listener of listeners) listener();
    });
  }
  const finished = once(child, "close").then(() => ({ status: child.exitCode, text }));
  const interrupt = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), signal);
  };
  return {
    says: (words) =>
      new Promise((found, fail) => {
        const look = () => {
          if (text.includes(words)) found();
        };
        listeners.add(look);
        void finished.then(() => fail(new Error(`The demo ended without "${words}":\n${text}`)));
        look();
      }),
    interrupt: () => interrupt("SIGINT"),
    finished,
    leftovers: async () => (await readdir(temporary)).filter((name) => name.startsWith("jam-demo-")),
    async [Symbol.asyncDispose]() {
      interrupt("SIGKILL");
      await finished;
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

test("shows the whole job and ends by itself with --once", async () => {
  await using demo = await startDemo("--once");
  const { status, text } = await demo.finished;
  expect(status, text).toBe(0);
  const steps = ["$ jam check", "$ jam sync", "$ jam list", "$ jam explain", "$ jam serve", "$ jam connect"];
  const places = ["A sample upstream", ...steps, "Stopped"].map((words) => text.indexOf(words));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(text).toMatch(/tools\/streams\/v1\/index2\.json\n {2}200 application\/json/);
  expect(text).toMatch(/tools\/streams\/v1\/index2\.sjson\n {2}404 /);
  expect(text).toMatch(/juju bootstrap .+ --config agent-metadata-url=http:\/\/127\.0\.0\.1:\d+\/tools/);
  expect(await demo.leftovers()).toEqual([]);
});

test("says where to look, serves until Ctrl-C, and leaves nothing behind", async () => {
  await using demo = await startDemo();
  await demo.says("until you press Ctrl-C");
  await demo.says("mirror-data/tools/\n");
  expect(await demo.leftovers()).toHaveLength(1);
  const began = performance.now();
  demo.interrupt();
  const { text } = await demo.finished;
  expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
  expect(await demo.leftovers()).toEqual([]);
  const url = /http:\/\/127\.0\.0\.1:\d+(?=\/tools\n)/.exec(text.slice(text.indexOf("$ jam serve")))?.[0];
  await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
});

test.for(oneIn(2, ["$ jam check", "$ jam sync", "$ jam connect", "$ jam serve"], 1))(
  "ends on Ctrl-C at `%s`, and leaves nothing behind",
  async (step) => {
    await using demo = await startDemo("--once");
    await demo.says(step);
    const began = performance.now();
    demo.interrupt();
    await demo.finished;
    expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
    expect(await demo.leftovers()).toEqual([]);
  },
);
