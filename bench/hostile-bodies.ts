/**
 * Bodies for `POST /api/v1/which` that are as much work as the limits allow, one after another for some time.
 * Arguments: port, milliseconds. Prints how often each status came.
 */
import { request } from "node:http";

const MAX_BYTES = 8 * 1024 * 1024 - 1024;
const [port = 0, ms = 0] = process.argv.slice(2).map(Number);

/** As many of the elements as fit. */
function fill(element: (index: number) => string, maxCount = Infinity): string {
  const elements: string[] = [];
  for (let bytes = 0; elements.length < maxCount;) {
    const next = element(elements.length);
    bytes += next.length + 1;
    if (bytes > MAX_BYTES) break;
    elements.push(next);
  }
  return elements.join(",");
}

const versions = Array.from({ length: 4_900 }, (_, index) => `3.${index % 50}.${Math.floor(index / 50)}`);

const BODIES: readonly string[] = [
  // Unknown names, in many questions, in one, and at the top.
  `[${fill((index) => `{"current":"3.6.5",${unknownFields(index)}}`, 9_999)}]`,
  `[{"current":"3.6.5",${fill((index) => `"k${index}":1`)}}]`,
  `{${fill((index) => `"k${index}":1`)}}`,
  `[{"current":"3.6.5","${"k".repeat(MAX_BYTES - 100)}":1}]`,
  // Much to take apart.
  `${"[".repeat(MAX_BYTES / 2)}${"]".repeat(MAX_BYTES / 2)}`,
  `{"x":[${fill(() => "{}")}]}`,
  // Much to answer.
  `[${fill((index) => `{"id":${index},"current":"3.6.5"}`, 10_000)}]`,
  `[${fill(() => JSON.stringify({ current: "3.0.0", streams: { released: versions, proposed: versions } }))}]`,
  // Much to complain about.
  `[${fill(() => JSON.stringify({ current: "3.0.0", available: versions.map(() => 1) }))}]`,
];

function unknownFields(index: number): string {
  return Array.from({ length: 40 }, (_, field) => `"controllerV${index}x${field}":1`).join(",");
}

function post(body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const options = { port, host: "127.0.0.1", method: "POST", path: "/api/v1/which?trace=true" };
    const outgoing = request({ ...options, headers: { "content-length": length } }, (answer) => {
      answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

const statuses: Record<number, number> = {};
const end = performance.now() + ms;
for (let turn = 0; performance.now() < end || turn < BODIES.length; turn += 1) {
  const status = await post(BODIES[turn % BODIES.length] as string);
  statuses[status] = (statuses[status] ?? 0) + 1;
}
process.stdout.write(JSON.stringify(statuses));
