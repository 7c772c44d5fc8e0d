/** `jam doctor` on real logs: what it found, by kind. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DoctorDocument, DoctorFinding } from "../../src/doctor/doctor-document.ts";
import type { TestMirror } from "./mirror.ts";

export interface Diagnosis {
  readonly status: number | null;
  readonly document: DoctorDocument;
  /** Kinds of problems and of what is unknown, sorted; notes are left out. */
  readonly wrong: readonly string[];
  /** The findings of one kind. */
  of(kind: string): readonly DoctorFinding[];
}

/** Asks the doctor in the folder of a mirror; `files` are written there first, by name. */
export async function askDoctor(
  mirror: Pick<TestMirror, "folder" | "here">,
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): Promise<Diagnosis> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(mirror.folder, name), text);
  const { status, stdout, stderr } = await mirror.here("doctor", "-o", "json", ...args);
  if (stdout === "") throw new Error(`jam doctor ended with ${status}: ${stderr}`);
  const document = JSON.parse(stdout) as DoctorDocument;
  const { findings } = document;
  const wrong = findings.filter(({ severity }) => severity !== "note").map(({ kind }) => kind);
  return {
    status,
    document,
    wrong: [...new Set(wrong)].sort(),
    of: (kind) => findings.filter((finding) => finding.kind === kind),
  };
}
