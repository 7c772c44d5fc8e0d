import { shellCommand } from "../../shared/shell-command.ts";
import { isKnownVersion } from "../knowledge/known-versions.ts";
import { isFrom, isInSpan, formatVersion, type JujuVersion } from "../version.ts";
import { placeOf, type HopSituation, type ProcedureStep, type WayBack } from "./procedure.ts";

/** Whether a controller of this release can be backed up with Juju's own command. */
export type BackupSupport = "yes" | "no" | "unknown";

/**
 * Controllers on Kubernetes cannot be backed up. 4.0 has the command but refuses: support for Dqlite came after 4.0.15.
 * Source: cmd/juju/backups/create.go:Run (validateIaasController) @2.9.42, 3.6.28; docs/howto/manage-controllers.md;
 * juju #22875 (4.0.12), juju #23206 (September 2026, not read in a release)
 */
export function backupSupport(version: JujuVersion, type: "iaas" | "caas"): BackupSupport {
  if (version.major < 2) return "unknown";
  if (type === "caas") return "no";
  if (!isFrom(version, "4.0")) return "yes";
  return isKnownVersion(version) && version.minor === 0 ? "no" : "unknown";
}

/** The backup before the hop, or that Juju cannot make one. */
export function backupStep(situation: HopSituation): ProcedureStep {
  const { from, controller, controllerType } = situation;
  const support = backupSupport(from, controllerType);
  const source = "cmd/juju/backups/create.go @2.9.42, 3.6.28; docs/howto/manage-controllers.md";
  if (support === "no") {
    const why =
      controllerType === "caas"
        ? "Juju cannot back up a controller on Kubernetes."
        : 'juju create-backup of 4.0 fails with "Dqlite-based backups not implemented".';
    return {
      id: "backup",
      title: "Juju makes no backup",
      text: `${why} Use your cloud or cluster: take snapshots of the controller's machines or volumes while the controller is stopped.`,
      commands: [],
      source: `${source}; juju #22875`,
    };
  }
  if (support === "unknown") {
    return {
      id: "backup",
      title: "backup of the controller, if possible",
      text: `Back up the controller. How ${formatVersion(from)} makes and restores backups was not examined: try it before the maintenance window.`,
      commands: [],
      source: "not read",
    };
  }
  const file = backupFile(situation);
  return {
    id: "backup",
    title: "backup",
    text: `Back up the controller. The file is written on the client's machine, in the folder in which the command runs (clients from 3.0 write only below your home folder). Copy it to a place that does not depend on this cloud. ${brokenAfterUpgrade(from)}${RESTORE_LIMITS}`,
    commands: [
      shellCommand`juju create-backup -m ${placeOf(controller, "controller")} --filename ${file}`,
      shellCommand`tar tzf ${file}`,
    ],
    source: `${source}; juju/juju-restore core/restorer.go:CheckRestorable`,
  };
}

/** Without characters that have a meaning for `juju scp`, such as the `:` after a machine. */
function backupFile({ controller, from }: HopSituation): string {
  return `juju-backup-${controller.replaceAll(/[^\w.-]/g, "-")}-${formatVersion(from)}.tar.gz`;
}

const RESTORE_LIMITS =
  "The tool juju-restore restores it only into this controller, with the same number of controller nodes on the same base and all database nodes healthy: it does not help if all controller machines are lost.";

/**
 * Releases whose backup fails on controllers that were upgraded from an older MongoDB default.
 * Source: juju #22249, #22271; release notes of 3.6.23. For 2.9 the fix was made after 2.9.57.
 */
const BROKEN = [
  { from: "3.6.19", to: "3.6.23" },
  { from: "2.9.56", to: "2.9.58" },
];

function brokenAfterUpgrade(version: JujuVersion): string {
  if (!BROKEN.some((span) => isInSpan(version, span))) return "";
  return `On a controller that was upgraded from an older release, ${formatVersion(version)} fails with "error executing juju-db.mongodump" (fixed in 3.6.23 and after 2.9.57). `;
}

/** A copy of the client's own data, without which the controllers cannot be accessed. */
export function clientDataStep({ from }: HopSituation): ProcedureStep {
  const folder = from.major < 2 ? ".juju" : ".local/share/juju";
  return {
    id: "client-data",
    title: "a copy of the client's data",
    text: "Keep a copy of the client's data: accounts, controllers and keys. It gives access to everything, so protect it.",
    commands: [shellCommand`tar -C ~ -czf juju-client.tar.gz ${folder}`],
    source: "docs/howto/manage-juju.md",
  };
}

/** The way back to the backup after an upgrade of the controller that cannot be completed. */
export function restoreWayBack(situation: HopSituation): WayBack {
  const { from, controller, controllerType } = situation;
  const support = backupSupport(from, controllerType);
  const source =
    "juju/juju-restore README.md, core/restorer.go:CheckRestorable; docs/howto/manage-controllers.md";
  if (support !== "yes") {
    return {
      id: "restore",
      title: support === "no" ? "none" : "not known",
      is: support === "no" ? "none" : "unknown",
      text:
        support === "no"
          ? "Juju cannot undo an upgrade, and there is no backup of this controller to restore. Fix what stopped the upgrade and let it complete, or restore the snapshots of your cloud or cluster."
          : `Juju has no downgrade. Whether a backup of ${formatVersion(from)} can be restored was not examined.`,
      commands: [],
      source,
    };
  }
  const place = placeOf(controller, "controller");
  const file = backupFile(situation);
  return {
    id: "restore",
    title: "only the backup, with juju-restore",
    is: "backup",
    text: `Juju has no downgrade: the only way back is to restore the backup with juju-restore on the primary controller machine (ha-primary in juju show-controller). juju-restore refuses another controller, another number of nodes, another base, and a database node that is neither primary nor secondary. Changes since the backup are lost. Carry juju-restore inside: it is a separate program (github.com/juju/juju-restore).${
      isFrom(from, "2.8") ? "" : " Whether it works with 2.7 and older was not examined."
    }`,
    commands: [
      shellCommand`juju scp -m ${place} juju-restore ${file} N:`,
      shellCommand`juju ssh -m ${place} N -- ./juju-restore --allow-downgrade ${file}`,
    ],
    source,
  };
}
