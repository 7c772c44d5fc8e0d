/** A bare Debian in a folder: what `debootstrap --variant=minbase` makes, without systemd and without Node. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianMirror } from "../../scripts/package/fetch.ts";
import { runProcess, type Finished } from "../helpers/jam-process.ts";
import { describePeer, type Peer } from "../helpers/peers.ts";

const SUITE = "bookworm";

/** The root as an archive, made once: of `JAM_DEBIAN_ROOT`, else in the folder for temporary files. */
const ARCHIVE = process.env["JAM_DEBIAN_ROOT"] ?? join(tmpdir(), `jam-debian-root-${SUITE}.tar`);

/** Whether tests may make a Debian here. */
export function debianPeer(): Peer {
  const mayMount = spawnSync("unshare", ["--mount", "true"]).status === 0 && process.getuid?.() === 0;
  const why = !mayMount
    ? "only root may make a Debian root and change into it"
    : spawnSync("debootstrap", ["--version"]).status !== 0 && process.env["JAM_DEBIAN_ROOT"] === undefined
      ? "debootstrap is not installed and JAM_DEBIAN_ROOT names no root"
      : undefined;
  return describePeer("debootstrap", why);
}

/** A Debian of its own for one test file; the end of the scope deletes it. */
export interface DebianRoot extends AsyncDisposable {
  readonly path: string;
  /** Runs a program in it, as root and with the network of this machine. */
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Starts a program in it that goes on. */
  start(argv: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
}

/** Unpacks a fresh root. */
export async function debianRoot(): Promise<DebianRoot> {
  await makeArchive();
  const path = await mkdtemp(join(tmpdir(), "jam-debian-"));
  const unpacked = await runProcess("tar", ["-C", path, "-xf", ARCHIVE]);
  if (unpacked.status !== 0) throw new Error(`${ARCHIVE} cannot be unpacked: ${unpacked.stderr}`);
  const inside = (argv: readonly string[]): [string, string[]] => [
    "unshare",
    ["--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', path, ...argv],
  ];
  return {
    path,
    run: (argv, env) => {
      const [program, args] = inside(argv);
      return runProcess(program, args, { env: { XDG_CACHE_HOME: "", ...environment(env) } });
    },
    start: (argv, env) => {
      const [program, args] = inside(argv);
      return spawn(program, args, { env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    DEBIAN_FRONTEND: "noninteractive",
    ...env,
  };
}

async function makeArchive(): Promise<void> {
  const isThere = await access(ARCHIVE).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const folder = await mkdtemp(join(tmpdir(), "jam-debootstrap-"));
  try {
    process.stdout.write(` debian: debootstrap makes ${ARCHIVE}, once …\n`);
    const root = join(folder, "root");
    const args = ["--variant=minbase", SUITE, root, await debianMirror()];
    const child = spawn("debootstrap", args, { stdio: ["ignore", "ignore", "inherit"] });
    const [status] = (await once(child, "close")) as [number | null];
    if (status !== 0)
      throw new Error(
        `debootstrap failed: ${await readFile(join(root, "debootstrap/debootstrap.log"), "utf8").catch(() => "")}`,
      );
    const packed = await runProcess("tar", ["-C", root, "-cf", join(folder, "root.tar"), "."]);
    if (packed.status !== 0) throw new Error(packed.stderr);
    await rename(join(folder, "root.tar"), ARCHIVE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
