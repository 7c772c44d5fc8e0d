import { existsSync } from "node:fs";
import { join } from "node:path";

const TIMER = "jam-sync.timer";

/**
 * Schedules that exist already, as paths, and that one of `kind` in `folder` would not replace: with both, a mirror would
 * be synced twice. `root` is the file system to look at.
 */
export function findOtherSchedules(kind: "systemd" | "cron", folder: string, root = "/"): string[] {
  // What the Debian package installs, and what an administrator copied.
  const timers = [join(root, "usr/lib/systemd/system", TIMER), join(root, "lib/systemd/system", TIMER)];
  const found =
    kind === "systemd"
      ? [join(folder, "jam.cron"), join(root, "etc/cron.d/jam"), ...timers]
      : [join(folder, TIMER), join(root, "etc/systemd/system", TIMER), ...timers];
  const existing = found.filter((path) => existsSync(path));
  // In most systems /lib is a link to /usr/lib.
  return existing.filter((path) => path !== timers[1] || !existing.includes(timers[0] ?? ""));
}
