import { compareVersions, toPatch, type JujuVersion } from "../version.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";
import { isSame, isSameMinor } from "./upgrade-request.ts";

/**
 * Whether a 2.x client would rather upload its own jujud: it is newer than the agents, or a build is involved,
 * or (from 2.3) its jujud is no official one.
 * Source: juju cmd/juju/commands/upgradejuju.go tryImplicitUpload (2.0.4), upgrademodel.go tryImplicitUpload (2.9.32).
 */
export function wouldUpload(request: UpgradeRequest, minds: "any" | "unofficial"): boolean {
  const { client, current, question } = request;
  if (compareVersions(client, current) > 0 || current.build > 0 || client.build > 0) return true;
  return minds === "unofficial" && question.localAgent === "custom";
}

/**
 * The number that an uploaded jujud gets: the wanted version, or the client's, with a build above every listed one.
 * Source: juju cmd/juju/commands/upgradejuju.go uploadVersion (2.0.4).
 */
export function uploadedVersion(base: JujuVersion, listed: readonly JujuVersion[]): JujuVersion {
  let build = base.build + 1;
  for (const version of listed) {
    if (isSameMinor(version, base) && version.patch === base.patch && version.build >= build) {
      build = version.build + 1;
    }
  }
  return { ...base, build };
}

/**
 * From 2.3 an official jujud keeps its own number, and one of the running version counts on from the running build.
 * Source: juju cmd/juju/commands/upgrademodel.go uploadTools, makeUploadVersion (2.5.8 to 2.9.32).
 */
export function uploadedVersionFrom2_3(request: UpgradeRequest, listed: readonly JujuVersion[]): JujuVersion {
  const { client, current, question, requested } = request;
  if (question.localAgent === "official") return client;
  const wanted = requested ?? client;
  return uploadedVersion(isSame(toPatch(current), toPatch(wanted)) ? current : wanted, listed);
}
