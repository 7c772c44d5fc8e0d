/** The packaged program is a few files; each thread that it starts has to be one of them. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleProgram } from "../../../scripts/package/bundle-program.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await bundleProgram(ROOT, folder.path);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

test("contains every thread that its code starts", () => {
  const code = globSync("*.js", { cwd: folder.path }).map((name) =>
    readFileSync(join(folder.path, name), "utf8"),
  );
  const started = code.flatMap((text) =>
    [...text.matchAll(/new URL\(`\.\/([a-z-]+)\.\$\{/g)].map(([, name]) => name),
  );
  const names = [...new Set(started)];
  expect(names).toEqual(
    expect.arrayContaining(["hash-worker", "offer-worker", "query-worker", "serve-worker"]),
  );
  expect(names.filter((name) => !existsSync(join(folder.path, `${name}.js`)))).toEqual([]);
});

test("starts no thread under another kind of name", () => {
  const sources = globSync("src/**/*.ts", { cwd: ROOT }).map((file) =>
    readFileSync(join(ROOT, file), "utf8"),
  );
  const starts = sources.flatMap((text) =>
    [...text.matchAll(/new Worker\((.{0,60})/gs)].map(([, what]) => what),
  );
  expect(starts.length).toBeGreaterThan(4);
  expect(starts.filter((what) => !/^new URL\(`\.\/[a-z-]+-worker\.\$\{/.test(what ?? ""))).toEqual([]);
});

test("hashes in a thread of its own", async () => {
  const worker = new Worker(join(folder.path, "hash-worker.js"));
  try {
    const bytes = readFileSync(join(folder.path, "main.js"));
    const fd = openSync(join(folder.path, "main.js"), "r");
    for (const task of [{ do: "read", fd, start: 0, end: bytes.length }, { do: "finish" }]) {
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage({ job: 1, ...task });
      const [answer] = (await once(worker, "message")) as [{ digest?: string }];
      if (task.do === "finish") expect(answer.digest).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  } finally {
    await worker.terminate();
  }
});
