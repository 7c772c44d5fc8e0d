import { expect, test } from "vitest";
import { QueryThread, type QueryLimits } from "../../../src/compose/query-thread.ts";
import { composeServer } from "../../../src/compose/serve.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { serveMirror, type ServedMirror } from "../../helpers/served-mirror.ts";

const AGENTS = { agents: [{ version: "3.6.5" }, { version: "3.6.9" }] };
const NEVER = new AbortController().signal;

function configOf({ store: { path } }: ServedMirror) {
  return loadConfig({ file: undefined, flags: { data: path }, env: {}, cwd: path, version: "test" });
}

async function startThread(mirror: ServedMirror, limits: Partial<QueryLimits> = {}) {
  const thread = new QueryThread(await configOf(mirror), limits);
  const runs = (signal = NEVER) => thread.ask("status", { runs: 0 }, signal);
  return { thread, runs, [Symbol.asyncDispose]: () => thread.close() };
}

const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => "answered",
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

test("answers in the order of asking, and with the errors of the queries", async () => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror);
  const order: string[] = [];
  const page = { offset: 0, limit: 10 };
  const asked = [
    one.thread.ask("agents", page, NEVER),
    one.thread.ask("explain", { agent: "9.9.9", ...page }, NEVER),
    one.thread.ask("sites", page, NEVER),
  ];
  const ended = asked.map((answer, index) => codeOf(answer).then((code) => order.push(`${index} ${code}`)));
  await Promise.all(ended);
  expect(order).toEqual(["0 answered", "1 JAM_AGENT_NOT_FOUND", "2 answered"]);
  expect(JSON.parse(Buffer.from((await asked[0]) ?? []).toString("utf8"))).toMatchObject({
    agents: [{}, {}],
  });
});

test("refuses queries beyond those that may wait, and goes on with the others", async () => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror, { maxWaiting: 3 });
  const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(one.runs())));
  expect(codes).toEqual([...Array(4).fill("answered"), ...Array(4).fill("JAM_SERVER_BUSY")]);
  expect(await codeOf(one.runs())).toBe("answered");
});

test("does not work for clients that have left", async () => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror);
  const gone = new AbortController();
  const first = codeOf(one.runs());
  const left = codeOf(one.runs(gone.signal));
  gone.abort(new Error("gone"));
  expect([await first, await left, await codeOf(one.runs(gone.signal))]).toEqual([
    "answered",
    "gone",
    "gone",
  ]);
});

test.for([
  ["takes too long", { maxQueryMs: 1 }, "JAM_SERVER_BUSY"],
  ["has too large an answer", { maxAnswerBytes: 100 }, "JAM_REQUEST_TOO_LARGE"],
  ["needs too much memory", { maxHeapMiB: 8 }, "JAM_REQUEST_TOO_LARGE"],
] as const)("a query that %s is given up, and the server lives on", async ([, limits, code]) => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror, limits);
  expect(await codeOf(one.runs())).toBe(code);
  expect(await codeOf(one.runs())).toBe(code);
});

test("starts again after it ended for lack of questions", async () => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror, { idleMs: 1 });
  expect(await codeOf(one.runs())).toBe("answered");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await codeOf(one.runs())).toBe("answered");
});

test("refuses what waits when it closes", async () => {
  await using mirror = await serveMirror(AGENTS);
  await using one = await startThread(mirror);
  const asked = [codeOf(one.runs()), codeOf(one.runs())];
  await one.thread.close();
  expect(await Promise.all(asked)).toEqual(["JAM_SERVER_BUSY", "JAM_SERVER_BUSY"]);
});

test("the server answers others while a large fleet is planned", async () => {
  await using mirror = await serveMirror(AGENTS);
  const server = await composeServer(await configOf(mirror), {
    log: () => undefined,
    onDamage: () => undefined,
  });
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  try {
    const models = Array.from({ length: 3000 }, (_, index) => ({
      name: `admin/m${index}`,
      "model-uuid": `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      "controller-uuid": "00000000-0000-4000-8000-999999999999",
      "controller-name": "prod",
      "agent-version": "3.6.5",
      type: "maas",
      life: "alive",
    }));
    const ended = new AbortController();
    const body = JSON.stringify({ models });
    const plan = fetch(`${url}/api/v1/plan?to=3.6`, { method: "POST", body }).finally(() => ended.abort());
    let answered = 0;
    while (!ended.signal.aborted) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      answered += 1;
    }
    expect(answered).toBeGreaterThan(5);
    const response = await plan;
    expect(response.status).toBe(200);
    const { hops } = (await response.json()) as { hops: readonly { models: readonly unknown[] }[] };
    expect(hops[0]?.models).toHaveLength(3000);
  } finally {
    await server.close({ drainMs: 0 });
  }
});
