import type { Config } from "../config/config.ts";
import type { ListenAddress, ServerLimits } from "../server/http-server.ts";
import type { Damage } from "../server/proven-blobs.ts";
import type { QueryInputs, QueryName } from "../server/queries.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { ErrorReport } from "../shared/errors.ts";

/** What a thread that serves begins with. */
export interface WorkerStart {
  readonly config: Config;
  /** Its number among `workers`; the main thread is 0. */
  readonly worker: number;
  readonly workers: number;
  /** Of the counts that all workers share. */
  readonly memory: SharedArrayBuffer;
  readonly limits: Partial<ServerLimits>;
  /** Folder of compiled code; undefined where there is none. */
  readonly compiled: string | undefined;
}

/** What the main thread does for all workers. */
export type Call =
  | { readonly what: "ask"; readonly name: QueryName; readonly input: QueryInputs[QueryName] }
  /** Hashes a file that the worker has open: threads share descriptors. */
  | { readonly what: "hash"; readonly fd: number; readonly size: number }
  /** Findings of damage after the first `seen`; at least `counted` have to be known. */
  | { readonly what: "news"; readonly seen: number; readonly counted: number };

/** An error as plain values: one of ours, or the system's. */
export interface PassedError {
  readonly report?: ErrorReport;
  readonly message: string;
  readonly code?: string;
}

/** What a worker tells the main thread. */
export type FromWorker =
  | { readonly kind: "listening" | "closed" }
  | { readonly kind: "failed"; readonly error: PassedError }
  | { readonly kind: "log"; readonly records: readonly RequestRecord[] }
  | { readonly kind: "damage"; readonly damage: Damage }
  | { readonly kind: "call"; readonly id: number; readonly call: Call }
  | { readonly kind: "cancel"; readonly id: number };

/** What the main thread tells a worker. */
export type ToWorker =
  | { readonly kind: "listen"; readonly address: ListenAddress }
  | { readonly kind: "close"; readonly drainMs: number }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: PassedError };
