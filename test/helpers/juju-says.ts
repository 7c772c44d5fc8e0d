import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { healthyFleet } from "./healthy-fleet.ts";
import type { OperatorShell } from "./operator-shell.ts";

/** What a client of Juju prints about the fleet, from the files in `juju-says`. */
const JUJU = `case "$*" in
  controllers*) file=controllers ;;
  models*) file=models ;;
  show-controller*) file=show ;;
  *prod:controller*) file=own ;;
  *prod:web*) file=web ;;
  *) echo "no answer to juju $*" >&2; exit 1 ;;
esac
cat ~/juju-says/$file.json
`;

/** Puts a `juju` into the PATH that tells of a fleet of one controller with one model, which run `version`. */
export async function jujuSays(shell: OperatorShell, version: string): Promise<void> {
  await shell.has("juju", JUJU);
  const folder = join(shell.path, "juju-says");
  await mkdir(folder, { recursive: true });
  const controllers = { controllers: { prod: { "agent-version": version } }, "current-controller": "prod" };
  const listings = [
    ...healthyFleet(version),
    { name: "controllers.json", text: JSON.stringify(controllers) },
  ];
  await Promise.all(listings.map(({ name, text }) => writeFile(join(folder, name), text)));
}
