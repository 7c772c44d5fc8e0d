/** The archive as an operator gets it: the same bytes wherever it is made, and enough for a machine with libc and sh alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateSecretKey, readSigningKey } from "../../src/openpgp/signing-key.ts";
import { startGpg, stockGpg } from "../helpers/gpg.ts";
import { runProcess, type Finished } from "../helpers/jam-process.ts";
import { makeArchive, type MadeArchive } from "../helpers/made-archive.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { copyCheckout } from "../helpers/packed.ts";
import { blocksOf, shellBlocks } from "../helpers/operator-shell.ts";
import { enterRoot, peer } from "../helpers/peers.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let folder: string;
let made: MadeArchive | string;
let publicKey: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jam-package-test-"));
  const secret = await generateSecretKey("maker", new Date("2026-01-01T00:00:00Z"));
  publicKey = (await readSigningKey(secret, "maker")).publicKeyArmored;
  await writeFile(join(folder, "maker.key"), secret);
  made = await makeArchive(join(folder, "made"), { args: ["--sign-key", join(folder, "maker.key")] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The archive, or the test is skipped with the reason. */
function archive(context: { skip: (note: string) => never }): MadeArchive {
  return typeof made === "string" ? context.skip(made) : made;
}

test("is the same, byte for byte, when another checkout is packaged in another place", async (context) => {
  const { file } = archive(context);
  const checkout = join(folder, "another place", "checkout");
  await copyCheckout(checkout);
  const epoch = (
    await runProcess("git", ["log", "-1", "--format=%ct"], { cwd: import.meta.dirname })
  ).stdout.trim();
  const env = { SOURCE_DATE_EPOCH: epoch, TZ: "Pacific/Auckland", LC_ALL: "C" };
  const again = await makeArchive(join(folder, "again"), { from: checkout, env });
  if (typeof again === "string") return void context.skip(again);
  expect(again.output).toContain("SHA256SUMS is not signed");
  expect((await readFile(again.file)).equals(await readFile(file))).toBe(true);
  expect(await readFile(join(dirname(again.file), "SHA256SUMS"), "utf8")).toBe(
    await readFile(join(dirname(file), "SHA256SUMS"), "utf8"),
  );
});

test.skipIf(stockGpg.isMissing)(`has checksums that gpg verifies${stockGpg.note}`, async (context) => {
  const { file, output } = archive(context);
  expect(output).toContain("SHA256SUMS.asc, signed by ");
  await using gpg = await startGpg();
  await writeFile(gpg.file("maker.asc"), publicKey);
  await gpg.run("--import", "maker.asc");
  const sums = join(dirname(file), "SHA256SUMS");
  expect((await gpg.run("--verify", `${sums}.asc`, sums)).status).toBe(0);
  const checked = await runProcess("sha256sum", ["-c", "SHA256SUMS"], { cwd: dirname(file) });
  expect(checked.status, checked.stderr).toBe(0);
});

test("contains licences and a list of everything in it", async (context) => {
  const { file, name } = archive(context);
  const listed = await runProcess("tar", ["-tvzf", file]);
  expect(listed.stdout).toMatch(new RegExp(`-rwxr-xr-x 0/0 .* ${name}/jam\n`));
  for (const path of [
    "licenses/LICENSE",
    "licenses/node/LICENSE",
    "licenses/gcc/copyright",
    "man/man1/jam.1",
    "completions/jam.bash",
  ])
    expect(listed.stdout).toContain(` ${name}/${path}\n`);
  const text = await runProcess("tar", ["-xzOf", file, `${name}/sbom.cdx.json`]);
  const bom = JSON.parse(text.stdout) as { components: { name: string; licenses: unknown[] }[] };
  const names = bom.components.map((component) => component.name);
  expect(names).toEqual(expect.arrayContaining(["node", "libstdc++6", "openpgp", "zod"]));
  expect(bom.components.filter(({ licenses }) => licenses.length === 0)).toEqual([]);
  for (const { name: component } of bom.components.filter((one) => !/^(?:node|lib.*\d)$/.test(one.name)))
    expect(listed.stdout).toContain(`/licenses/npm/${component}-`);
});

describe.skipIf(peer("chroot").isMissing)(`a machine with libc and sh alone${peer("chroot").note}`, () => {
  let root: string;
  let upstream: TestUpstream;
  let program: string;

  beforeAll(async () => {
    if (typeof made === "string") return;
    root = await bareRoot(join(folder, "root"));
    await runProcess("tar", ["-xzf", made.file, "-C", folder]);
    program = join(folder, made.name);
    upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());

  const words = (command: string) => [
    ...(enterRoot(root) ?? []),
    "/bin/sh",
    "-c",
    `cd /srv && exec /media/stick/jam/${(made as MadeArchive).name}/jam ${command}`,
  ];

  async function there(command: string): Promise<Finished> {
    const [entry = "", ...args] = words(command);
    return runProcess(entry, args, {
      cwd: "/",
      env: { HOME: "/srv", XDG_CACHE_HOME: "", PATH: PATH_OF_HOST },
    });
  }

  async function done(command: string): Promise<string> {
    const ran = await there(command);
    expect(ran.status, ran.stderr).toBe(0);
    return ran.stdout;
  }

  test("goes from the stick to a running mirror", async (context) => {
    archive(context);
    const stick = join(root, "media/stick");
    // The near side: the program, a bundle and its key.
    const carried = await runProcess(join(program, "jam"), ["self", "bundle", "--unpacked", "--to", stick]);
    expect(carried.status, carried.stderr).toBe(0);
    await using near = await temporaryMirror(upstream);
    await near.sync();
    for (const args of [
      ["key", "generate", "--name", "near"],
      ["key", "export", "--to", join(stick, "near.asc")],
      ["bundle", "create", "--to", join(stick, "bundle")],
    ])
      expect(await near.here(...args)).toMatchObject({ status: 0 });
    await cp(join(near.folder, "key.asc"), join(stick, "upstream.asc"));

    // The far side.
    expect(await done("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await done("self verify")).toContain("are as they were packaged");
    await done("init --keyring /media/stick/upstream.asc");
    await done("key trust /media/stick/near.asc");
    const imported = JSON.parse(await done("bundle import /media/stick/bundle -o json")) as object;
    expect(imported).toMatchObject({ outcome: "updated", imported: { agents: 1 } });
    expect(await done("list")).toContain("3.6.27");
    const answer = await serveThere(words("serve --listen 127.0.0.1:0"));
    expect(answer).toContain("com.ubuntu.juju:released:agents");
  });

  test("syncs from an upstream, in a thread, too, and knows what it is", async (context) => {
    archive(context);
    await writeFile(join(root, "srv/key.asc"), upstream.tree.key.publicKeyArmored);
    await done(`-c online.yaml --data /srv/online init --upstream ${upstream.url} --keyring key.asc`);
    const synced = JSON.parse(await done("-c online.yaml sync -o json")) as object;
    expect(synced).toMatchObject({ outcome: "updated", fetched: { agents: 1 } });
    const shown = JSON.parse(await done("self show -o json")) as object;
    expect(shown).toMatchObject({ kind: "archive", platform: `linux-${process.arch}` });
  });

  test("serves as a cache, which reads upstream in a thread", async (context) => {
    archive(context);
    const settings = {
      version: 1,
      data: "/srv/cache",
      mode: "cache",
      upstreams: [{ name: "sample", url: upstream.url, keyring: "key.asc" }],
      select: [{ stream: "released" }],
    };
    await writeFile(join(root, "srv/key.asc"), upstream.tree.key.publicKeyArmored);
    await writeFile(join(root, "srv/cache.yaml"), JSON.stringify(settings));
    const answer = await serveThere(words("-c cache.yaml serve --listen 127.0.0.1:0"));
    expect(answer).toContain("com.ubuntu.juju:released:agents");
  });
});

test("install.sh installs it, keeps what is there, and refuses a damaged archive", async (context) => {
  const { file, name } = archive(context);
  const stick = join(folder, "stick");
  await runProcess("tar", ["-xzf", file, "-C", folder]);
  // The first two blocks of the guide, as they stand.
  const [near = "", far = ""] = shellBlocks(await blocksOf("docs/guides/air-gap.md"));
  const env = { PATH: [join(folder, ".local/bin"), join(folder, name), PATH_OF_HOST].join(delimiter) };
  for (const block of [near, far]) {
    const typed = await runProcess("sh", ["-euc", block], { cwd: folder, env });
    expect(typed.status, typed.stderr).toBe(0);
    if (block === far) expect(typed.stdout).toContain(join(folder, "jam", name));
  }
  const prefix = join(folder, "opt", "jam");
  const install = (...args: string[]) =>
    runProcess("sh", [join(stick, "jam/install.sh"), "--prefix", prefix, ...args], { cwd: folder });
  const bin = join(folder, "usr", "bin");
  const installed = await install("--bin", bin);
  expect(installed.status, installed.stderr).toBe(0);
  const shown = await runProcess(join(bin, "jam"), ["self", "show", "-o", "json"]);
  expect(JSON.parse(shown.stdout)).toMatchObject({ folder: join(prefix, name), command: [join(bin, "jam")] });
  expect((await install("--bin", bin)).stdout).toContain("is installed already");
  await writeFile(join(folder, "usr/other"), "mine\n");
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "taken/jam"), "mine\n");
  expect((await install("--bin", join(folder, "taken"))).stderr).toContain("is something else and stays");
  expect(await readFile(join(folder, "taken/jam"), "utf8")).toBe("mine\n");

  const target = join(stick, "jam", `${name}.tar.gz`);
  const bytes = await readFile(target);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(target, bytes);
  const other = join(folder, "other prefix");
  const refused = await runProcess("sh", [join(stick, "jam/install.sh"), "--prefix", other, "--no-bin"]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("is not the file that SHA256SUMS lists");
  // Even without the list it finds out before anything is installed.
  await rm(join(stick, "jam/SHA256SUMS"));
  const found = await runProcess("sh", [join(stick, "jam/install.sh"), "--prefix", other, "--no-bin"]);
  expect(found.status).toBe(1);
  expect(await readdir(other)).toEqual([]);
});

const PATH_OF_HOST = process.env["PATH"] ?? "";

/** A root file system with sh and the C library: no other program, no other library, no /proc, no /dev. */
async function bareRoot(root: string): Promise<string> {
  for (const path of ["bin", "srv", "tmp", "media/stick"]) await mkdir(join(root, path), { recursive: true });
  await cp(await realpath("/bin/sh"), join(root, "bin/sh"));
  const linked = await runProcess("ldd", [process.execPath]);
  const libc = /(\/\S*\/(?:libc|libm|libdl|libpthread|ld-linux-[\w-]+)\.so\.\d+)/g;
  for (const [, library = ""] of linked.stdout.matchAll(libc)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
  return root;
}

/** Starts the server, asks it for its index, and stops it. */
async function serveThere([program = "", ...args]: readonly string[]): Promise<string> {
  const server = spawn(program, args, {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: PATH_OF_HOST, HOME: "/srv" },
  });
  const exited = once(server, "exit");
  try {
    const [url] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    return await (await fetch(`${url}/tools/streams/v1/index2.json`)).text();
  } finally {
    server.kill("SIGTERM");
    await exited;
  }
}
