import type { Fleet, FleetUnread } from "../fleet/fleet.ts";

/**
 * What a plan for this fleet knows nothing of: what could not be read or placed, JAAS, controllers of unknown version,
 * and models of no known controller. With any of it, nobody can say that everything is ready.
 */
export function unplannedOf({ controllers, models, unread }: Fleet): FleetUnread[] {
  const unplaced = new Set(unread.filter(({ kind }) => kind === "unplaced").map(({ file }) => file));
  return [
    ...unread,
    ...controllers
      .filter(({ isJaas, presumedVersion }) => isJaas || presumedVersion === undefined)
      .map(({ label, isJaas, files }) =>
        entry(
          files,
          isJaas
            ? `${label} is JAAS: no file tells which controllers its models are on`
            : `no file tells the version of controller ${label}`,
        ),
      ),
    ...models
      .filter(
        ({ controller, files }) => controller === undefined && !files.some((file) => unplaced.has(file)),
      )
      .map(({ label, files }) => entry(files, `no file tells the controller of model ${label}`)),
  ];
}

function entry(files: readonly string[], text: string): FleetUnread {
  return { kind: "unplaced", file: files[0] ?? "", place: "", text };
}
