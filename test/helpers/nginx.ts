/** nginx in front of a mirror, with a configuration of the documentation or of `jam nginx-config`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runJam, temporaryFolder } from "./jam-process.ts";
import { clockWords, NGINX } from "./peers.ts";
import { startServe } from "./running-jam.ts";

const PAGE = resolve(import.meta.dirname, "../../docs/guides/point-a-controller.md");

/** The page's server block, with this listen address and this root. Throws where the page has changed. */
async function readServerBlock(listen: string, root: string): Promise<string> {
  const text = await readFile(PAGE, "utf8");
  const blocks = [...text.matchAll(/^```nginx\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
  const [block = ""] = blocks;
  const settings = { "listen 8080;": `listen ${listen};`, "root /srv/jam/mirror-data;": `root ${root};` };
  for (const words of Object.keys(settings)) {
    if (blocks.length !== 1 || block.split(words).length !== 2) throw new Error(`${PAGE} has no "${words}".`);
  }
  return Object.entries(settings).reduce((rest, [words, own]) => rest.replace(words, own), block);
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether somebody listens on a port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export interface Nginx extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
}

/** nginx on `root`, with what docs/guides/point-a-controller.md shows. */
export function startNginx(root: string, options?: NginxOptions): Promise<Nginx> {
  return startNginxWith((listen) => readServerBlock(listen, root), options);
}

/** `jam serve` on the mirror of a folder with a jam.yaml, and nginx before it as `jam nginx-config` has it. */
export async function serveBehindNginx(cwd: string): Promise<Nginx> {
  // nginx reads as a user of its own, whom only the test's folder keeps out.
  await chmod(cwd, 0o755);
  const jam = await startServe(cwd);
  const env = { JAM_SERVER_LISTEN: new URL(jam.url).host };
  const nginx = await startNginxWith(async (listen) => {
    const printed = await runJam(["nginx-config", "--nginx-listen", listen], { cwd, env });
    if (printed.status !== 0) throw new Error(printed.stderr);
    return printed.stdout;
  });
  return {
    url: nginx.url,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await jam[Symbol.asyncDispose]();
    },
  };
}

export interface NginxOptions {
  /** Where requests are logged in the combined format. Default: nowhere. */
  readonly accessLog?: string;
  /** How far its clock is off, as faketime has it: `+1h`. Default: not at all. */
  readonly clock?: string;
  /** Default http. */
  readonly scheme?: "http" | "https";
}

/** nginx with a part of its `http` block; it ends with the scope, and with this process however that ends. */
export async function startNginxWith(
  configure: (listen: string) => Promise<string> | string,
  { accessLog, clock, scheme = "http" }: NginxOptions = {},
): Promise<Nginx> {
  const folder = await temporaryFolder();
  const port = await findFreePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = paths.map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n  ");
  const config = join(folder.path, "nginx.conf");
  await writeFile(
    config,
    `daemon off;\nworker_processes 1;\npid ${folder.path}/pid;\nerror_log stderr;\nevents {}\nhttp {\n` +
      `  access_log ${accessLog === undefined ? "off" : `${accessLog} combined`};\n  ${temporary}\n${await configure(`127.0.0.1:${port}`)}}\n`,
  );
  // The shell ends nginx when its standard input does: at the latest when this process is gone.
  const script = '"$0" -c "$1" & read -r _; kill -TERM $!; wait $!';
  const wrapper =
    clock === undefined
      ? ""
      : `${clockWords(clock)
          .map((word) => `'${word}'`)
          .join(" ")} `;
  const child = spawn("sh", ["-c", `${wrapper}${script}`, NGINX, config], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const exited = once(child, "exit");
  const url = `${scheme}://127.0.0.1:${port}`;
  const isUp = () => accepts(port);
  for (let tries = 0; !(await isUp()); tries += 1) {
    if (tries > 100) throw new Error(`nginx does not answer:\n${errors}`);
    await pause(50);
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}
