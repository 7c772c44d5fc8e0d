/**
 * Juju's own code as the judge of a tree of agent metadata. What may be asked, and what every field means:
 * test/interop/README.md and test/interop/ask/question.go.
 *
 * ```ts
 * const interop = await buildInterop();                       // minutes the first time
 * describe.skipIf(interop.isMissing)(`…${interop.note}`, …     // Go is not installed
 * const [answer] = await interop.juju("3.6").ask([{ url: `${base}/tools`, version: "3.6.11", download: true }]);
 * answer.found; answer.downloads; answer.fellThrough; answer.error
 * ```
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describePeer, type Peer } from "./peers.ts";

/** 2.8 looks up `:tools` by series; 2.9 and 3.6 look up `:agents` by OS type. */
export type JujuGeneration = "2.8" | "2.9" | "3.6";

/** One look-up; the meaning of each field is in test/interop/ask/question.go. */
export interface InteropQuestion {
  readonly name?: string;
  readonly url?: string;
  readonly metadataSource?: string;
  readonly default?: string;
  readonly insecure?: boolean;
  readonly region?: string;
  readonly endpoint?: string;
  readonly keyring?: string;
  readonly requireSigned?: boolean;
  readonly stream?: string;
  readonly development?: boolean;
  readonly version?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly release?: string;
  readonly arch?: string;
  readonly download?: boolean;
  readonly sync?: boolean;
}

export interface InteropAgent {
  /** Number, release and arch: `3.6.11-ubuntu-amd64`. */
  readonly version: string;
  readonly url?: string;
  readonly size: number;
  readonly sha256: string;
}

export interface InteropDownload {
  readonly version: string;
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  /** Absent when a controller would keep the tarball. */
  readonly error?: string;
  /** Absent when a machine that is bootstrapped would get it: its curl follows no redirect. */
  readonly curlError?: string;
  /** Absent for a file. */
  readonly contentTypes?: readonly {
    readonly juju: string;
    readonly accept: string;
    readonly received: string;
    readonly ok: boolean;
  }[];
}

export interface InteropAnswer {
  readonly name?: string;
  readonly juju: string;
  readonly streams: readonly string[];
  readonly sources: readonly {
    readonly description: string;
    readonly url: string;
    readonly requireSigned: boolean;
  }[];
  readonly found: readonly InteropAgent[];
  readonly error?: string;
  readonly errorKind?: "not-found" | "panic" | "other";
  readonly resolved: readonly {
    readonly source: string;
    readonly signed: boolean;
    readonly indexUrl: string;
    readonly mirrorUrl?: string;
  }[];
  readonly requests: readonly { readonly source: string; readonly url: string; readonly error?: string }[];
  readonly fellThrough: boolean;
  readonly downloads?: readonly InteropDownload[];
  readonly synced?: readonly InteropAgent[];
  readonly syncError?: string;
}

/** A question on version numbers; see test/interop/ask/riddle.go. */
export type InteropRiddle =
  | { readonly ask: "parse" | "parse-binary"; readonly text: string }
  | { readonly ask: "compare"; readonly a: string; readonly b: string }
  | { readonly ask: "newest"; readonly versions: readonly string[] }
  | {
      readonly ask: "newest-compatible";
      readonly versions: readonly string[];
      readonly base: string;
      readonly allowDev?: boolean;
    }
  | {
      readonly ask: "preferred-streams";
      readonly version?: string;
      readonly development?: boolean;
      readonly stream?: string;
    };

export interface InteropNumber {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly tag: string;
  readonly patch: number;
  readonly build: number;
  readonly isDev: boolean;
  readonly toPatch: string;
}

/** Only the fields that belong to the question are set. */
export interface InteropSolution {
  readonly error?: string;
  readonly number?: InteropNumber;
  readonly release?: string;
  readonly arch?: string;
  readonly order?: -1 | 0 | 1;
  readonly found?: boolean;
  readonly streams?: readonly string[];
}

/** A question on the version that Juju would take; see test/interop/ask/decision.go. 2.8 answers `bootstrap` only. */
export interface InteropDecision {
  readonly name?: string;
  readonly ask: "upgrade" | "bootstrap";
  readonly url: string;
  readonly configStream?: string;
  readonly development?: boolean;
  readonly requested?: string;
  readonly client?: string;
  readonly autoUpgrade?: boolean;
  readonly current?: string;
  readonly controller?: string;
  readonly isController?: boolean;
  readonly isCAAS?: boolean;
  readonly stream?: string;
  readonly stored?: readonly string[];
  readonly registryTags?: readonly string[];
  readonly otherModels?: readonly { readonly name: string; readonly version: string }[];
}

/** What Juju decided, in the shape of the recorded answers. */
export interface InteropVerdict {
  readonly outcome: "upgrade" | "up-to-date" | "error" | "bootstrap" | "local-agent";
  readonly chosen?: string;
  readonly changed?: boolean;
  readonly setStream?: string;
  readonly message?: string;
  readonly agentVersion?: string;
  readonly binary?: string;
  readonly error?: string;
}

/** One generation of Juju's code, ready to be asked. */
export interface JujuProgram {
  /** The answers in the order of the questions. */
  ask(questions: readonly InteropQuestion[]): Promise<InteropAnswer[]>;
  /** The answer to one question, and what Juju logs meanwhile, as it writes it; with these variables in addition. */
  hear(
    question: InteropQuestion,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly answer: InteropAnswer; readonly log: string }>;
  /** The solutions in the order asked. */
  solve(riddles: readonly InteropRiddle[]): Promise<InteropSolution[]>;
  /** The verdicts in the order asked. */
  decide(decisions: readonly InteropDecision[]): Promise<InteropVerdict[]>;
}

export interface Interop extends Peer {
  juju(generation: JujuGeneration): JujuProgram;
}

const FOLDER = fileURLToPath(new URL("../interop/", import.meta.url));
const MODULES_NOT_FETCHED = 3;
/** Answers about thousands of agents are long. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * The programs, built if need be; test/judges/build-judges.ts has done it before the first test.
 * @throws Error where the programs do not build, or where they are missing and `JAM_REQUIRE` asks for `go`.
 */
export async function buildInterop(): Promise<Interop> {
  const { code, stdout, stderr } = await run(`${FOLDER}run.sh`, []);
  const notes = (code === 0 ? stdout : stderr).trim().split("\n");
  const sentence = notes.at(-1) ?? "";
  if (code !== 0 && code !== MODULES_NOT_FETCHED) throw new Error(`test/interop/run.sh failed:\n${stderr}`);
  const isMissing = code === MODULES_NOT_FETCHED || sentence.startsWith("Go is not installed");
  return { ...describePeer("go", isMissing ? sentence : undefined), juju: programOf };
}

function programOf(generation: JujuGeneration): JujuProgram {
  const path = `${FOLDER}bin/interop-${generation}`;
  return {
    ask: async (questions) => await askProgram<InteropAnswer[]>(path, "--cases", questions),
    hear: async (question, env) => {
      const input = JSON.stringify([question]);
      const { code, stdout, stderr } = await run(path, ["--log", "<root>=DEBUG", "--cases", "-"], {
        input,
        env,
      });
      const [answer] = code === 0 ? (JSON.parse(stdout) as InteropAnswer[]) : [];
      if (answer === undefined) throw new Error(`${path} ended with ${code}:\n${stderr}`);
      return { answer, log: stderr };
    },
    solve: async (riddles) => await askProgram<InteropSolution[]>(path, "--select", riddles),
    decide: async (decisions) =>
      await askProgram<InteropVerdict[]>(`${FOLDER}bin/decide-${generation}`, "--cases", decisions),
  };
}

async function askProgram<T>(path: string, flag: string, input: unknown): Promise<T> {
  const { code, stdout, stderr } = await run(path, [flag, "-"], { input: JSON.stringify(input) });
  if (code !== 0) throw new Error(`${path} ${flag} ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as T;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  path: string,
  args: readonly string[],
  {
    input = "",
    env,
  }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> | undefined } = {},
): Promise<Outcome> {
  const options = { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...env } };
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") {
        reject(error);
        return;
      }
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
