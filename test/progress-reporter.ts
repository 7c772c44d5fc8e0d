import type { Reporter, TestCase, TestModule, TestSpecification, Vitest } from "vitest/node";

/** After so long without a finished file it says what is running. */
const SILENCE_MS = 20_000;

/** Marks in a test's or suite's name, or its note, why it is skipped: `(skipped: gpg is not installed)`. */
const REASON = /\(skipped: ([^)]+)\)/;

/**
 * Says every 20 seconds what is running where nobody sees vitest's own live view, and ends with what was skipped and
 * why, and a last line of its own: `2650 passed, 0 failed`.
 */
export class ProgressReporter implements Reporter {
  #print: (line: string) => void = () => undefined;
  #files = 0;
  #done = 0;
  #started = 0;
  #lastSign = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The files under way, when each began, and its test of the moment. */
  readonly #running = new Map<TestModule, { readonly since: number; test: string }>();

  onInit(vitest: Vitest): void {
    this.#print = (line) => vitest.logger.log(line);
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    [this.#files, this.#done] = [specifications.length, 0];
    this.#started = this.#lastSign = performance.now();
    this.#running.clear();
    if (process.stdout.isTTY) return;
    this.#print(` ${this.#files} test files\n`);
    this.#timer = setInterval(() => this.#sayWhatRuns(), 1_000);
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.set(module, { since: performance.now(), test: "" });
  }

  onTestCaseReady(test: TestCase): void {
    const running = this.#running.get(test.module);
    if (running !== undefined) running.test = test.fullName;
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
    this.#done += 1;
    this.#lastSign = performance.now();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    clearInterval(this.#timer);
    if (modules.length === 0) return;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file or a suite that fails by itself has no failed test to show for it.
    const others = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = others.filter((one) => one.errors().length > 0).length + unhandledErrors.length;
    for (const line of describeSkipped(tests)) this.#print(line);
    this.#print(`${count("passed")} passed, ${count("failed") + broken} failed`);
  }

  #sayWhatRuns(): void {
    const now = performance.now();
    if (now - this.#lastSign < SILENCE_MS) return;
    this.#lastSign = now;
    const files = [...this.#running].map(([module, { since, test }]) => {
      const file = `${module.relativeModuleId} (${formatSeconds(now - since)})`;
      return test === "" ? file : `${file}: ${test}`;
    });
    const state = `${formatSeconds(now - this.#started)}, ${this.#done} of ${this.#files} files`;
    this.#print(`   … ${[state, ...files].join("\n     ")}`);
  }
}

/** One line for each reason, with the number of tests. */
function describeSkipped(tests: readonly TestCase[]): string[] {
  const skipped = tests.filter((test) => test.result().state === "skipped");
  const reasons = skipped.map((test) => {
    const { note = "" } = test.result() as { readonly note?: string };
    return REASON.exec(test.fullName)?.[1] ?? (note || "no reason given");
  });
  return [...new Set(reasons)].map(
    (reason) => `${reasons.filter((one) => one === reason).length} skipped: ${reason}`,
  );
}

function formatSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
