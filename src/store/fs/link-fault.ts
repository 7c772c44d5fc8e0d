import { systemCode } from "../../shared/system-error.ts";
import { JamError } from "../../shared/errors.ts";

/** What file systems without symbolic links answer: FAT, exFAT, some SMB and FUSE mounts. */
const NO_SYMLINK = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Something else is where a symbolic link of the data directory must be. */
export function copiedWithoutLinks(path: string, root: string): JamError {
  return new JamError(
    "JAM_STORE_COPIED",
    `${path} is not the symbolic link that it must be: this data directory was copied without its links (cp -rL, FAT, SMB, zip), or somebody put something there.`,
    {
      hint: `\`jam prune\` puts the links back where it can tell what they were. Otherwise copy again with links (cp -a, rsync -aH), or move ${path} away and run the command again.`,
      details: { path, data: root },
    },
  );
}

/** The failure of making a symbolic link; where there are none, the error says so. */
export function noSymbolicLinks(error: unknown, root: string): unknown {
  if (!NO_SYMLINK.has(systemCode(error) ?? "")) return error;
  return new JamError("JAM_STORE_COPIED", `The file system of ${root} has no symbolic links.`, {
    cause: error,
    hint: "Put the data directory (`data` in jam.yaml) on a file system with links, such as ext4, xfs or btrfs. To carry agents on FAT or over SMB, make a bundle: jam bundle create --to FOLDER",
    details: { data: root, system: systemCode(error) },
  });
}
