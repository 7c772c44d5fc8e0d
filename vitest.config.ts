import { availableParallelism } from "node:os";
import { defineConfig, type UserWorkspaceConfig } from "vitest/config";
import { ProgressReporter } from "./test/progress-reporter.ts";

export default defineConfig(({ mode }) => {
  const tier = mode === "all" ? "all" : (process.env["JAM_TESTS"] ?? "quick");

  /** Time limits catch hangs, not slowness: benchmarks (`npm run bench`) measure speed. */
  const project = (name: string, seconds: number, more: UserWorkspaceConfig["test"] = {}) => {
    const limit = seconds * (tier === "all" ? 5_000 : 1_000);
    const include = [`test/${name}/**/*.test.ts`];
    return {
      extends: true as const,
      test: { name, include, testTimeout: limit, hookTimeout: limit, ...more },
    };
  };

  return {
    test: {
      projects: [
        // `npm test` runs these,
        // Values only, so nothing of one file can reach another: most of their time would go into imports.
        project("unit", 10, { isolate: false }),
        project("contract", 30),
        project("integration", 60),
        project("e2e", 180),
        // and `npm run test:all` these too.
        project("long", 600, { sequence: { groupOrder: 1 } }),
        // What one thread of the server promises, two promise as well.
        project("two-workers", 120, {
          include: ["wrong-bytes", "tarballs", "hardening", "metrics", "drain", "snapshots", "withdrawn"].map(
            (name) => `test/integration/server/${name}.test.ts`,
          ),
          env: { JAM_TEST_WORKERS: "2" },
          sequence: { groupOrder: 1 },
        }),
        // Only `npm run test:debian` runs these: they build packages and install them in a Debian of their own.
        project("debian", 900, { sequence: { groupOrder: 2 }, fileParallelism: false }),
        project("judges", 300, {
          sequence: { groupOrder: 1 },
          globalSetup: ["test/judges/build-judges.ts"],
        }),
      ],
      env: { JAM_TESTS: tier },
      // Tests spend much of their time waiting for disks and other processes; by default vitest leaves a core idle.
      maxWorkers: availableParallelism() + 1,
      reporters: ["default", new ProgressReporter()],
      slowTestThreshold: 2_000,
      coverage: { include: ["src/**"], reporter: ["text-summary", "text"] },
    },
  };
});
