/** The thread of a worker: see `serve-in-thread`. Compiled code is at hand before anything is loaded, which saves 10 MB. */
import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { WorkerStart } from "./worker-messages.ts";

const { compiled } = workerData as WorkerStart;
if (compiled !== undefined) enableCompileCache(compiled);
await import("./serve-in-thread.ts");
