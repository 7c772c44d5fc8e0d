import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  const tier = mode === "all" ? "all" : (process.env["JAM_TESTS"] ?? "quick");

  /** Time limits catch hangs, not slowness: benchmarks (`npm run bench`) measure speed. */
  const project = (name: string, seconds: number) => {
    const limit = seconds * (tier === "all" ? 5_000 : 1_000);
    return {
      extends: true as const,
      test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: limit, hookTimeout: limit },
    };
  };

  return {
    test: {
      projects: [
        // `npm test` runs these,
        project("unit", 10),
        project("contract", 30),
        project("integration", 60),
        project("e2e", 180),
        // and `npm run test:all` these too.
        project("long", 600),
        project("judges", 300),
      ],
      env: { JAM_TESTS: tier },
      coverage: { include: ["src/**"], reporter: ["text-summary", "text"] },
    },
  };
});
