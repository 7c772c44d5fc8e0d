import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import { startSampleUpstream } from "../../test/peers/sample-upstream/server.ts";
import { generateSampleKey } from "../../test/peers/sample-upstream/sign.ts";
import { buildSampleTree } from "../../test/peers/sample-upstream/tree.ts";

const USAGE = `Usage: npm run demo [-- --once]

The whole workflow on this machine, without internet access: a sample upstream over HTTP, a verified sync, the agents
in the mirror, the server, and the commands that point Juju here. All files are in a temporary folder that is removed
at the end.

  --once    ends by itself instead of waiting for Ctrl-C
`;

const JAM = fileURLToPath(new URL("../../bin/jam.js", import.meta.url));

const settings = (upstreamUrl: string) => `version: 1
upstreams:
  - { name: sample, url: ${upstreamUrl}, keyring: ./sample-key.asc }
select:
  - { stream: released, versions: ">=2.9", arch: [amd64, arm64], os: [ubuntu], keep: 1 }
  - { stream: proposed, versions: ">=3.6", arch: [amd64], os: [ubuntu], keep: 1 }
server: { listen: "127.0.0.1:0" }
`;

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { once: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const folder = await mkdtemp(join(tmpdir(), "jam-demo-"));
  try {
    await show(folder, { isOnce: values.once === true, signal: stop.signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function show(
  folder: string,
  { isOnce, signal }: { readonly isOnce: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const jam = (...argv: string[]) => runJam(folder, argv, signal);
  say("1. A sample upstream, signed with a key of its own, as streams.canonical.com publishes");
  const key = await generateSampleKey();
  const tree = await buildSampleTree({ key, tarballBytes: 64 * 1024 });
  await using upstream = await startSampleUpstream({ tree });
  await writeFile(join(folder, "sample-key.asc"), key.publicKeyArmored);
  await writeFile(join(folder, "jam.yaml"), settings(upstream.url));
  process.stdout.write(`${upstream.url}\n`);

  say("2. Is everything set up?");
  await jam("check");
  say("3. Fetch what the rules in jam.yaml select, verify it, and publish it");
  await jam("sync");
  say("4. Once more: nothing new, one round of conditional requests");
  await jam("sync", "--progress", "none");
  say("5. What is in the mirror");
  await jam("list", "3");
  say("6. Why is an agent here, or not?");
  await jam("explain", "3.6.27-ubuntu-s390x");
  say("7. Serve it");
  const server = await startServer(folder, signal);
  try {
    process.stdout.write(`${server.url}/tools\n`);
    await ask(`${server.url}/tools/streams/v1/index2.sjson`);
    process.stdout.write(
      "  This is right: Juju asks for the signed index first. Upstream's signature covers more agents than are here, so\n" +
        "  there is none, and Juju takes the next one.\n",
    );
    await ask(`${server.url}/tools/streams/v1/index2.json`);
    say("8. The commands that point a Juju controller here");
    await jam("connect", "--url", `${server.url}/tools`, "--juju", "3.x");
    if (isOnce) return;
    say("The server is running. Look at it until you press Ctrl-C:");
    process.stdout.write(
      `  ${server.url}/\n  ${server.url}/tools/streams/v1/index2.json\n  ${folder}/mirror-data/tools/\n`,
    );
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    server.child.kill("SIGTERM");
    if (server.child.exitCode === null) await once(server.child, "exit");
    if (!signal.aborted || !isOnce) process.stdout.write("\nStopped; the temporary folder is gone.\n");
  }
}

function say(title: string): void {
  process.stdout.write(`\n${styleText("bold", title)}\n`);
}

/** Runs one command as a user would, showing the command itself first. */
async function runJam(cwd: string, argv: readonly string[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new Error("The demo was interrupted.");
  process.stdout.write(`${styleText("cyan", `$ jam ${argv.join(" ")}`)}\n`);
  const child = spawn(process.execPath, [JAM, ...argv], { cwd, stdio: "inherit" });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`jam ${argv.join(" ")} ended with status ${status}.`);
}

async function startServer(
  cwd: string,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  if (signal.aborted) throw new Error("The demo was interrupted.");
  process.stdout.write(`${styleText("cyan", "$ jam serve --quiet")}\n`);
  const child = spawn(process.execPath, [JAM, "serve", "--quiet"], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const url of createInterface({ input: child.stdout })) return { url, child };
  throw new Error("jam serve ended without saying its URL.");
}

/** Asks as a Juju client does and prints what comes. */
async function ask(url: string): Promise<void> {
  const response = await fetch(url);
  const type = response.headers.get("content-type") ?? "";
  const bytes = (await response.arrayBuffer()).byteLength;
  process.stdout.write(`GET ${url}\n  ${response.status} ${type}, ${bytes} bytes\n`);
}

await run().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
