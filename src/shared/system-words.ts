import { systemCode } from "./errors.ts";
import { printable } from "./printable.ts";

/** What the names of the system's failures mean. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "this machine does not have the address",
  EAI_AGAIN: "the name cannot be resolved now",
  EBUSY: "it is in use",
  ECONNABORTED: "the connection was closed",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  EDQUOT: "the quota is used up",
  EEXIST: "it exists already",
  EFBIG: "the file is too large for its file system",
  EHOSTUNREACH: "there is no way to the host",
  EINVAL: "the file system does not support this",
  EIO: "the disk reported an error",
  EISDIR: "it is a folder",
  ELOOP: "it is a symbolic link, or a loop of them",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENETUNREACH: "there is no way to the network",
  ENFILE: "too many files are open on this machine",
  ENODEV: "there is no such device",
  ENOENT: "no such file or folder",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of the path is not a folder",
  ENOTEMPTY: "the folder is not empty",
  ENOTFOUND: "the name cannot be resolved",
  ENXIO: "there is no such device",
  EPERM: "permission denied",
  EPIPE: "the reader is gone",
  EROFS: "the disk is read-only",
  ESTALE: "the network file system no longer has it",
  ETIMEDOUT: "no answer in time",
  EXDEV: "it is on another file system",
};

/**
 * A failure of the system in words: `no such file or folder: /etc/key.asc (ENOENT)`, without the path where `message` names
 * it. Undefined for an error that is not the system's, or whose name is not known.
 */
export function describeSystemError(error: unknown, message = ""): string | undefined {
  const code = systemCode(error);
  const words = code === undefined ? undefined : WORDS[code];
  if (words === undefined) return undefined;
  const { path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const named = [path, dest].filter(
    (one) => one !== undefined && !message.includes(printable(one, Infinity)),
  );
  return `${words}${named.length === 0 ? "" : `: ${named.join(", ")}`} (${code})`;
}
