import { defineConfig } from "vitest/config";

/** Time limits catch hangs, not slowness: benchmarks (`npm run bench`) measure speed. */
function project(name: string, testTimeout: number) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
  };
}

export default defineConfig({
  test: {
    projects: [
      project("unit", 10_000),
      project("contract", 30_000),
      project("integration", 60_000),
      project("e2e", 180_000),
    ],
    coverage: { include: ["src/**"], reporter: ["text-summary", "text"] },
  },
});
