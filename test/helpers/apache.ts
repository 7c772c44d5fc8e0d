/** Apache with a part of its configuration, as Debian builds it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { temporaryFolder } from "./jam-process.ts";
import { accepts, findFreePort, type Nginx } from "./nginx.ts";
import { APACHE } from "./peers.ts";

const MODULES = "mpm_prefork authz_core mime dir alias proxy proxy_http proxy_connect rewrite headers";

/** Apache with this configuration; requests are logged to `accessLog` in the format that its packages call combined. */
export async function startApache(
  configure: (port: number) => string,
  { accessLog }: { readonly accessLog: string },
): Promise<Nginx> {
  const folder = await temporaryFolder();
  const port = await findFreePort();
  const config = join(folder.path, "apache.conf");
  await mkdir(join(folder.path, "run"));
  const load = MODULES.split(" ").map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  await writeFile(
    config,
    [
      `ServerRoot ${folder.path}`,
      `ServerName localhost`,
      `Listen 127.0.0.1:${port}`,
      `PidFile ${folder.path}/pid`,
      `DefaultRuntimeDir ${folder.path}/run`,
      `ErrorLog ${folder.path}/error.log`,
      `User nobody`,
      `TypesConfig /etc/mime.types`,
      `StartServers 1`,
      ...load,
      String.raw`LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined`,
      `CustomLog ${accessLog} combined`,
      configure(port),
    ].join("\n"),
  );
  // The shell ends Apache when its standard input does: at the latest when this process is gone.
  const script = '"$0" -D FOREGROUND -f "$1" & read -r _; kill -TERM $!; wait $!';
  // Apache ends its whole process group: it gets one of its own.
  const child = spawn("sh", ["-c", script, APACHE, config], {
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
  });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const exited = once(child, "exit");
  for (let tries = 0; !(await accepts(port)); tries += 1) {
    if (tries > 100) throw new Error(`Apache does not answer:\n${errors}`);
    await pause(50);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}
