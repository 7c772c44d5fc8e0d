/** docs/guides/recover.md and behind-nginx.md, typed line by line with the names of this machine in place of the examples. */
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flipByte } from "../helpers/damage-file.ts";
import { jujuSays } from "../helpers/juju-says.ts";
import { startNginxWith } from "../helpers/nginx.ts";
import { blocksOf, operatorShell, shellBlocks } from "../helpers/operator-shell.ts";
import { peer } from "../helpers/peers.ts";
import { startServe } from "../helpers/running-jam.ts";
import { until } from "../helpers/until.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const nginx = peer("nginx");

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** A mirror with a bundle, a backup and a channel, and an operator in its folder. */
async function mirrorWithBackup() {
  const shell = await operatorShell(upstream);
  await shell.types("jam init\njam key generate\njam sync\njam bundle create --to stick/bundle");
  await shell.types('jam channel create prod --from mirror\njam channel promote prod --reason "a test"');
  await cp(join(shell.path, "mirror-data"), join(shell.path, "backup/mirror-data"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await writeFile(join(shell.path, "backup/jam.yaml"), await readFile(join(shell.path, "jam.yaml")));
  return shell;
}

/** What each command of the page may end with; 0 where it is not named. Damage is made before the first one of a block. */
const STATUSES: readonly (readonly [start: string, statuses: readonly number[]])[] = [
  ["jam verify --deep  ", [4]],
  ["jam verify --deep --budget", [0]],
  // Nobody asked for anything: the doctor cannot decide whether controllers come.
  ["jam doctor", [3]],
  ["journalctl -u jam-serve -o cat --since -2d | jam doctor", [3]],
  ["juju upgrade-controller", [3]],
];

test("recover.md: damage is found, repaired from each kind of place, and the doctor reads what it is given", async () => {
  await using shell = await mirrorWithBackup();
  await using served = await startServe(shell.path);
  await using sibling = await startServe(join(shell.path, "backup"));
  await fetch(`${served.url}/tools/streams/v1/index2.json`);
  await shell.has("journalctl", `cat ${shell.path}/served.log`);
  await jujuSays(shell, "3.6.26");
  await shell.has(
    "juju",
    `case "$1" in
  status) cat ~/juju-says/own.json ;;
  *) echo "ERROR no matching agent versions available" ;;
esac
`,
  );
  await mkdir(join(shell.path, "log"));
  const line =
    '10.0.0.7 - - [30/Nov/2026:12:00:00 +0000] "GET /tools/streams/v1/index2.json HTTP/1.1" 200 9 "-" "Go-http-client/1.1"';
  await writeFile(join(shell.path, "log/access.log"), `${line}\n`);
  const damage = async () => {
    const { stdout } = await shell.types("find mirror-data/blobs -type f | sort | head -1");
    const file = join(shell.path, stdout.trim());
    await shell.types(`chmod u+w ${file}`);
    flipByte(file, 50);
    await shell.types("jam verify --deep --quiet > found.txt", [4]);
  };
  const [find = "", ...others] = shellBlocks(await blocksOf("docs/guides/recover.md"));
  const printed: string[] = [];
  const type = async (text: string) => {
    for (const typed of text.split("\n").filter((one) => one !== "")) {
      const own = typed
        .replace("http://mirror.example:8080", served.url)
        .replace("http://mirror-2.example:8080", sibling.url)
        .replace("/mnt/stick", join(shell.path, "stick"))
        .replace("/srv/backup", join(shell.path, "backup"))
        .replace("/var/log/nginx", join(shell.path, "log"));
      if (typed.startsWith("jam repair --from")) await damage();
      const [, statuses = [0]] = STATUSES.find(([start]) => typed.startsWith(start)) ?? [];
      const { stdout, stderr } = await shell.types(own, statuses);
      printed.push(`$ ${typed}\n${stdout}${stderr}`);
    }
  };
  const { stdout } = await shell.types("find mirror-data/blobs -type f | sort | head -1");
  await shell.types(`chmod u+w ${stdout.trim()}`);
  flipByte(join(shell.path, stdout.trim()), 50);
  await type(find);
  await until(() => served.log().includes("index2.json"));
  await writeFile(join(shell.path, "served.log"), served.log());
  for (const block of others) await type(block.replace(/^jam verify --deep  .*$/gm, ""));
  const text = printed.join("\n");
  expect(text.match(/^Repaired: 1 finding$/gm)).toHaveLength(4);
  expect(text).toMatch(/^DAMAGED {2}tarball-altered/m);
  expect(text).toMatch(/^Served as it should be/m);
  expect(text).toContain("Read: requests.log (jam,");
  expect(text).toMatch(/Juju says.*no matching agent versions available/);
});

test.skipIf(nginx.isMissing)(`behind-nginx.md: both servers give the same bytes${nginx.note}`, async () => {
  await using shell = await mirrorWithBackup();
  // The user of nginx has to enter every folder above the data directory.
  await chmod(dirname(shell.path), 0o755);
  await using jam = await startServe(shell.path);
  const page = await readFile(join(import.meta.dirname, "../../docs/guides/behind-nginx.md"), "utf8");
  const [configure = "", compare = ""] = [...page.matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map(
    ([, text]) => text,
  );
  const [print = ""] = configure.trim().split(" > ");
  await using front = await startNginxWith(async (listen) => {
    const env = `JAM_SERVER_LISTEN=${new URL(jam.url).host}`;
    return (await shell.types(`${env} ${print} --nginx-listen ${listen}`)).stdout;
  });
  const own = (text: string) =>
    text
      .replaceAll("http://127.0.0.1:8080", jam.url)
      .replaceAll(/http:\/\/(?:127\.0\.0\.1|mirror\.example)(?=\/)/g, front.url);
  const sums = (await shell.types(own(compare))).stdout.trim().split("\n");
  expect([sums.length, new Set(sums).size]).toEqual([2, 1]);
  const commands = [...page.matchAll(/`(jam (?:verify|connect) --url http:[^`]+)`/g)].map(
    ([, command = ""]) => command,
  );
  expect(commands).toHaveLength(4);
  for (const command of commands) {
    const { stdout } = await shell.types(own(command));
    expect(stdout).toMatch(
      command.includes("verify") ? /^Served as it should be/ : /agent-metadata-url=http/,
    );
  }
});
