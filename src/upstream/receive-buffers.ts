import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { readonly type: "minor" }) => void;

/** So much may arrive before the buffers that it came in are given back. */
const COLLECT_BYTES = 8 * 2 ** 20;

let collect: Collect | undefined;
let arrived = 0;

/**
 * Notes that `bytes` arrived in buffers that are done with by now. Node allocates a fresh 64 KiB for each read of a
 * socket; V8 sees only the small objects in front of them and would let some hundred megabytes pile up before it
 * looks. A collection of the youngest objects takes well under a millisecond.
 */
export function releaseReceiveBuffers(bytes: number): void {
  arrived += bytes;
  if (arrived < COLLECT_BYTES) return;
  arrived = 0;
  collect ??= exposeCollector();
  collect({ type: "minor" });
}

function exposeCollector(): Collect {
  setFlagsFromString("--expose-gc");
  const exposed: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return exposed as Collect;
}
