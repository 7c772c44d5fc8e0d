import { readFile } from "node:fs/promises";
import type { Agent } from "../src/juju/agent.ts";
import { JUJU_KNOWLEDGE } from "../src/juju/knowledge/knowledge.ts";
import { parseSha256, type Sha256 } from "../src/shared/sha256.ts";
import { parseQuestions, readQuestions } from "../src/upgrade/which/question-document.ts";
import { answerBatch, answerQuestion } from "../src/upgrade/which/which.ts";
import { createState } from "../src/upgrade/which/which-state.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";

const VECTORS = new URL("../test/fixtures/vectors/select.json", import.meta.url);
const AGENTS = 5_000;
const ROUNDS = 20;
const AIM_MS = 5;
const AIM_PER_SECOND = 20_000;

/** `which` in process: one question over a large mirror, seen for the first time and again, and many at once. */
export async function benchWhich(): Promise<Figure[]> {
  const agents = manyAgents(AGENTS);
  const [question] = readQuestions([{ current: "3.6.5", arches: ["amd64", "arm64"] }]);
  if (question === undefined) throw new Error("no question");
  const fresh: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const state = createState({ held: agents, upstream: agents }, JUJU_KNOWLEDGE);
    fresh.push(millisecondsOf(() => JSON.stringify(answerQuestion(state, question))));
    again.push(millisecondsOf(() => JSON.stringify(answerQuestion(state, question))));
  }
  const text = await readFile(VECTORS, "utf8");
  const state = createState({ held: agents, upstream: undefined }, JUJU_KNOWLEDGE);
  const questions = parseQuestions(text, "select.json");
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rates.push((1000 * questions.length) / millisecondsOf(() => answerBatch(state, questions)));
  }
  return [
    one(`\`which\`, first question, ${AGENTS} agents`, median(fresh)),
    one("… next question", median(again)),
    {
      what: `\`which\`, ${questions.length} recorded questions`,
      value: `${Math.round(median(rates))} questions/s`,
      peer: "–",
      result: `${(median(rates) / AIM_PER_SECOND).toFixed(1)} × the target`,
      aim: `≥ ${AIM_PER_SECOND} questions/s`,
      isMet: median(rates) >= AIM_PER_SECOND,
    },
  ];
}

function one(what: string, ms: number): Figure {
  const value = `${ms.toFixed(2)} ms`;
  return { what, value, peer: "–", result: value, aim: `< ${AIM_MS} ms`, isMet: ms < AIM_MS };
}

function millisecondsOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** Agents of as many patches as it takes, on five arches, with some in proposed. */
function manyAgents(count: number): Agent[] {
  const arches = ["amd64", "arm64", "ppc64el", "s390x", "riscv64"];
  const minors = ["2.8", "2.9", "3.1", "3.3", "3.4", "3.5", "3.6", "4.0"];
  return Array.from({ length: count }, (_, index): Agent => {
    const arch = arches[index % arches.length] as string;
    const step = Math.floor(index / arches.length);
    const version = `${minors[step % minors.length] as string}.${Math.floor(step / minors.length)}`;
    return {
      version,
      release: "ubuntu",
      arch,
      path: `agent/${version}/juju-${version}-linux-${arch}.tgz`,
      size: 1,
      sha256: parseSha256("a".repeat(64)) as Sha256,
      listings: [
        {
          contentId: `com.ubuntu.juju:${step % 7 === 0 ? "proposed" : "released"}:agents`,
          productId: `com.ubuntu.juju:ubuntu:${arch}`,
          date: "20260101",
        },
      ],
    };
  });
}
