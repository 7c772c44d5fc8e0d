import { join } from "node:path";
import { rolldown } from "rolldown";

/** The threads of the program are files of their own, next to the chunks that start them. */
const ENTRIES = {
  main: "src/main.ts",
  "query-worker": "src/compose/query-worker.ts",
  "serve-worker": "src/compose/serve-worker.ts",
  "known-agents-worker": "src/compose/known-agents-worker.ts",
  "verify-worker": "src/openpgp/verify-worker.ts",
};

/**
 * Writes the program of `checkout` into `folder`: its own code and that of every npm package it uses, in few files
 * (docs/decisions/0007-node-inside.md). What is imported when it is needed stays a file of its own. Not minified: stack
 * traces name the functions of the sources.
 */
export async function bundleProgram(checkout: string, folder: string): Promise<void> {
  const bundle = await rolldown({
    cwd: checkout,
    platform: "node",
    // The place of node_modules, which may be a link, must not show in the output.
    resolve: { symlinks: false },
    input: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(checkout, file)])),
  });
  try {
    await bundle.write({
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      cleanDir: true,
    });
  } finally {
    await bundle.close();
  }
}
