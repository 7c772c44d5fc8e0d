import type { Store } from "../store/store.ts";
import { systemCode } from "../shared/errors.ts";
import { readKept, readShown } from "./kept-data.ts";
import { emptyReport, keepReport, reportName, type SyncReport } from "./run-report.ts";
import { stateDocument } from "./state-document.ts";

/** Written when a run starts, deleted when its report is kept: what stays is the trace of a run that was killed. */
const note = stateDocument({
  name: "run.json",
  format: "jam-run:1",
  schema: (zod) =>
    zod.object({
      command: zod.string(),
      startedAt: zod.string(),
      host: zod.string(),
      pid: zod.int().nonnegative(),
    }),
  damage: "absent",
});

type RunNote = NonNullable<Awaited<ReturnType<typeof note.read>>>;

/** Notes that a run has started. Call with the lease held. */
export async function noteRun(
  store: Pick<Store, "documents" | "lease">,
  run: Pick<RunNote, "command" | "startedAt">,
): Promise<void> {
  const { host, pid } = (await store.lease.holder()) ?? { host: "", pid: 0 };
  await note.write(store.documents, { ...run, host, pid });
}

/** No error when there is none. */
export async function deleteRunNote(documents: Pick<Store["documents"], "delete">): Promise<void> {
  await note.delete(documents);
}

/**
 * Keeps the report of a run that left a note and no report. A run that is still alive has lost its lease: it ends by
 * itself and says so. Call with the lease held.
 */
export async function closeKilledRun(
  store: Pick<Store, "blobs" | "documents" | "refs" | "lease">,
): Promise<void> {
  const left = await note.read(store.documents);
  if (left === undefined) return;
  const here = await store.lease.holder();
  const report = left.host === here?.host && isAlive(left) ? undefined : await killedReport(store, left);
  if (report !== undefined) await keepReport(store.documents, report);
  await note.delete(store.documents);
}

/** The report of a run that was killed and that no later run has closed; undefined where there is none. */
export async function findKilledRun(
  store: Pick<Store, "blobs" | "documents" | "lease" | "refs">,
): Promise<SyncReport | undefined> {
  const left = await note.read(store.documents);
  if (left === undefined) return undefined;
  const writer = await store.lease.holder();
  // What runs now is shown as the writer; a run that ended since has deleted its note.
  if (writer?.command === left.command && writer.pid === left.pid && writer.host === left.host)
    return undefined;
  return (await note.read(store.documents)) === undefined ? undefined : killedReport(store, left);
}

/** True for a process of this machine that runs and is not this one. */
function isAlive({ pid }: Pick<RunNote, "pid">): boolean {
  if (pid <= 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

async function killedReport(
  store: Pick<Store, "blobs" | "documents" | "refs">,
  { command, startedAt }: RunNote,
): Promise<SyncReport | undefined> {
  // Killed between its report and the end of the note.
  if ((await store.documents.get("history", reportName(startedAt))) !== undefined) return undefined;
  const left = { kept: await readKept(store), held: await readShown(store) };
  return {
    command,
    ...emptyReport("killed", left),
    startedAt,
    durationMs: null,
  };
}
