/**
 * Programs and rights that some tests need and not every machine has. Tests of a missing one are skipped, and the end of
 * the run says how many and why; where `JAM_REQUIRE` names it (`strace,nginx,gpg,go`), they fail instead.
 *
 * ```ts
 * const gpg = peer("gpg");
 * describe.skipIf(gpg.isMissing)(`signatures${gpg.note}`, () => …);
 * ```
 */
import { spawnSync } from "node:child_process";
import { JAM } from "./jam-process.ts";

export type PeerName =
  | "strace"
  | "nginx"
  | "apache"
  | "curl"
  | "faketime"
  | "gpg"
  | "go"
  | "mounts"
  | "users"
  | "cc"
  | "python"
  | "chroot"
  | "mandoc"
  | "man"
  | "lintian"
  | "dpkg"
  | "debootstrap";

export interface Peer {
  readonly isMissing: boolean;
  /** For the name of what is skipped: ` (skipped: gpg is not installed)`. Empty where nothing is missing. */
  readonly note: string;
}

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args).status === 0;
}

/** Starts a program as nobody, who owns nothing and is in no other group. */
export const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;

/** Debian keeps it where only root's PATH looks. */
export const NGINX = ["/usr/sbin/nginx", "nginx"].find((path) => runs(path, "-v")) ?? "nginx";

export const APACHE = ["/usr/sbin/apache2", "/usr/sbin/httpd"].find((path) => runs(path, "-v")) ?? "apache2";

/**
 * The words that start a program whose clock is off, as faketime has it: `+1h`. faketime itself would stay the parent of the
 * program, which then outlives it.
 */
export function clockWords(offset: string): readonly string[] {
  const { stdout } = spawnSync("faketime", ["-f", offset, "env"], { encoding: "utf8" });
  return ["env", ...stdout.split("\n").filter((line) => /^(?:LD_PRELOAD|FAKETIME)=/.test(line))];
}

/** The words that start a program with `folder` as its root; undefined where this is not allowed. */
export function enterRoot(folder: string): readonly string[] | undefined {
  const ways = [["chroot"], ["unshare", "-r", "chroot"]];
  const way = ways.find(([program = "", ...args]) => runs(program, ...args, "/", "/bin/true"));
  return way === undefined ? undefined : [...way, folder];
}

const PROBES: Readonly<
  Record<Exclude<PeerName, "go" | "debootstrap">, { readonly why: string; readonly isHere: () => boolean }>
> = {
  strace: {
    why: "strace is not installed or not allowed to trace",
    isHere: () => runs("strace", "-f", "-qq", "-o", "/dev/null", "true"),
  },
  nginx: { why: "nginx is not installed", isHere: () => runs(NGINX, "-v") },
  apache: { why: "Apache is not installed", isHere: () => runs(APACHE, "-v") },
  curl: { why: "curl is not installed", isHere: () => runs("curl", "--version") },
  faketime: { why: "faketime is not installed", isHere: () => runs("faketime", "-f", "+1h", "date") },
  gpg: { why: "gpg is not installed", isHere: () => runs("gpg", "--version") },
  mounts: {
    why: "only root may `unshare -m` and mount a small file system",
    isHere: () => runs("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"),
  },
  users: {
    why: "only root may start jam as another user, who must be able to read this checkout",
    isHere: () => runs("env", ...AS_NOBODY, process.execPath, JAM, "--version"),
  },
  // mandoc has no option that does nothing.
  mandoc: { why: "mandoc is not installed", isHere: () => runs("mandoc", "/dev/null") },
  man: { why: "man is not installed", isHere: () => runs("man", "--version") },
  lintian: { why: "lintian is not installed", isHere: () => runs("lintian", "--version") },
  dpkg: { why: "dpkg-deb is not installed", isHere: () => runs("dpkg-deb", "--version") },
  chroot: {
    why: "neither `chroot` nor `unshare -r chroot` is allowed",
    isHere: () => enterRoot("/") !== undefined,
  },
  python: { why: "python3 is not installed", isHere: () => runs("python3", "--version") },
  cc: { why: "no C compiler is installed", isHere: () => runs("cc", "--version") },
};

/**
 * Whether it is here.
 * @throws Error when it is missing and `JAM_REQUIRE` asks for it.
 */
export function peer(name: keyof typeof PROBES): Peer {
  const { why, isHere } = PROBES[name];
  return describePeer(name, isHere() ? undefined : why);
}

/**
 * What is known of a peer that was looked for already; `why` is a sentence where it is missing.
 * @throws Error when it is missing and `JAM_REQUIRE` asks for it.
 */
export function describePeer(name: PeerName, why: string | undefined): Peer {
  if (why === undefined) return { isMissing: false, note: "" };
  const required = (process.env["JAM_REQUIRE"] ?? "").split(",");
  if (required.includes(name)) throw new Error(`${why}, and JAM_REQUIRE=${required.join()} asks for it.`);
  return { isMissing: true, note: ` (skipped: ${why.replaceAll(/[()]/g, "")})` };
}
