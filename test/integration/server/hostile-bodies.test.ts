import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { answerInSteps } from "../../../src/server/api/answer-in-steps.ts";
import { readQuestions } from "../../../src/upgrade/which/question-document.ts";
import { createState } from "../../../src/upgrade/which/which-state.ts";
import { serveMirror } from "../../helpers/served-mirror.ts";

const AGENTS = { agents: [{ version: "3.6.5" }, { version: "3.6.9" }] };

function post(url: string, body: string | Uint8Array<ArrayBuffer>, query = ""): Promise<Response> {
  return fetch(`${url}/api/v1/which${query}`, { method: "POST", body });
}

const fields = (count: number, start: string) =>
  Array.from({ length: count }, (_, index) => `"${start}${index}":1`).join(",");

test("answers others while it takes a large body apart, and counts the names it did not compare", async () => {
  await using mirror = await serveMirror(AGENTS);
  const questions = Array.from(
    { length: 8000 },
    (_, index) => `{"current":"3.6.5",${fields(20, `x${index}y`)}}`,
  );
  const ended = new AbortController();
  const answer = post(mirror.url, `[${questions.join(",")}]`).finally(() => ended.abort());
  let answered = 0;
  while (!ended.signal.aborted) {
    expect((await fetch(`${mirror.url}/healthz`)).status).toBe(200);
    if (!ended.signal.aborted) answered += 1;
  }
  expect(answered).toBeGreaterThan(5);
  const response = await answer;
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: "JAM_USAGE_INVALID",
    message: "1000 different unknown fields were compared with the known ones, 159000 more were not",
  });
});

test.for([
  ["80 000 unknown names", `[{"current":"3.6.5",${fields(80_000, "k")}}]`],
  ["80 000 unknown names at the top", `{${fields(80_000, "k")}}`],
  ["a name of 8 MB", `[{"current":"3.6.5","${"k".repeat(8_000_000)}":1}]`],
  ["4 million brackets", "[".repeat(4_000_000)],
  ["2 million mappings", `[${"{},".repeat(2_000_000)}{}]`],
  ["a bracket and 8 MB of blanks", `[${" ".repeat(8_000_000)}`],
])("refuses %s with a small answer", async ([, body]) => {
  await using mirror = await serveMirror(AGENTS);
  const response = await post(mirror.url, body as string);
  expect(response.status).toBe(400);
  expect((await response.text()).length).toBeLessThan(1000);
});

test("holds two large bodies at a time, refuses further ones, and answers small ones all the same", async () => {
  await using mirror = await serveMirror(AGENTS);
  const slow = Array.from({ length: 2 }, () => connect(mirror.port, "127.0.0.1"));
  for (const socket of slow)
    socket.write("POST /api/v1/which HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n[");
  const large = `[{"current":"3.6.5","remark":"${"x".repeat(100_000)}"}]`;
  await expect.poll(async () => (await post(mirror.url, large)).status).toBe(503);
  const refused = await post(mirror.url, large);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(await refused.json()).toMatchObject({ code: "JAM_SERVER_BUSY" });
  expect((await post(mirror.url, '[{"current":"3.6.5"}]')).status).toBe(200);
  for (const socket of slow) {
    socket.destroy();
    await once(socket, "close");
  }
  await expect.poll(async () => (await post(mirror.url, large)).status).toBe(200);
});

test("refuses answers larger than it would hold, as soon as they are", () => {
  const state = createState({ held: [], upstream: undefined }, JUJU_KNOWLEDGE);
  const questions = readQuestions(Array.from({ length: 5000 }, () => ({ current: "3.6.5" })));
  let steps = 0;
  const answer = () => {
    const options = { hasCandidates: false, maxBytes: 500_000 };
    for (const _step of answerInSteps(state, questions, options)) steps += 1;
  };
  expect(answer).toThrow("The answers are larger than 500000 bytes.");
  expect(steps).toBeLessThan(1000);
});

test("says of a body that is not UTF-8 that it is not JSON", async () => {
  await using mirror = await serveMirror(AGENTS);
  const response = await post(mirror.url, Uint8Array.from([0x5b, 0xff, 0x5d]));
  expect(await response.json()).toMatchObject({
    code: "JAM_USAGE_INVALID",
    message: "The request's body is not JSON: it is not UTF-8.",
  });
});
