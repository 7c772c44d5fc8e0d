import type { Agent } from "../../../../src/juju/agent.ts";
import { JUJU_KNOWLEDGE, withAdvice, type Advice } from "../../../../src/juju/knowledge/knowledge.ts";
import { parseSha256, type Sha256 } from "../../../../src/shared/sha256.ts";
import type { WhichAnswer } from "../../../../src/upgrade/which/which-answer.ts";
import { readQuestions } from "../../../../src/upgrade/which/question-document.ts";
import { answerQuestion } from "../../../../src/upgrade/which/which.ts";
import { createState, type WhichState } from "../../../../src/upgrade/which/which-state.ts";

const SHA256 = parseSha256("a".repeat(64)) as Sha256;

/** `3.6.5`, `3.6.5@arm64`, `3.6.5@arm64 proposed`, `2.8.9@amd64 released tools`: one agent in words. */
function agentOf(words: string): Agent {
  const [name = "", stream = "released", family = "agents"] = words.split(" ");
  const [version = "", arch = "amd64"] = name.split("@");
  const release = family === "tools" ? "focal" : "ubuntu";
  return {
    version,
    release,
    arch,
    path: `agent/${version}/${arch}.tgz`,
    size: 1,
    sha256: SHA256,
    listings: [
      {
        contentId: `com.ubuntu.juju:${stream}:${family}`,
        productId: `com.ubuntu.juju:${family === "tools" ? "20.04" : "ubuntu"}:${arch}`,
        date: "20260101",
      },
    ],
  };
}

export interface StateOptions {
  readonly upstream?: readonly string[];
  readonly advice?: readonly Advice[];
}

/** A state that holds these agents; see `agentOf` for how they are written. */
export function aState(held: readonly string[], { upstream, advice = [] }: StateOptions = {}): WhichState {
  return createState(
    { held: held.map(agentOf), upstream: upstream?.map(agentOf) },
    withAdvice(JUJU_KNOWLEDGE, advice),
  );
}

/** The answer to one question in that state. */
export function answerIn(state: WhichState, question: object): WhichAnswer {
  const [read] = readQuestions([question]);
  if (read === undefined) throw new Error("no question");
  return answerQuestion(state, read) as WhichAnswer;
}

/** Decision, version and the codes of the warnings, in short. */
export function inShort({ decision, version, warnings }: WhichAnswer): string {
  const codes = warnings.map(({ code }) => code).join(" ");
  return `${decision}${version === null ? "" : ` ${version}`}${codes === "" ? "" : `: ${codes}`}`;
}
