import type { VolumeInput } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import { affectedBy, describeAffected } from "../format/affected.ts";
import { damagedBundle, malformedBundle } from "../format/bundle-fault.ts";
import { readHead } from "../read/read-volumes.ts";
import type { LocatedVolume } from "../read/volume-contents.ts";
import { Editions, locate, type Edition } from "../verify/editions.ts";

/** A bundle of which every volume is at hand, in plain files. */
export interface WholeBundle {
  readonly edition: Edition;
  readonly volumes: readonly LocatedVolume[];
}

/**
 * Every volume of one bundle, found by their heads and sizes; what is in them shows when it is read.
 * @throws JamError JAM_USAGE_INVALID for a stream, JAM_BUNDLE_INCOMPLETE when volumes are missing,
 *   JAM_BUNDLE_MALFORMED for volumes of two bundles, JAM_BUNDLE_DAMAGED, JAM_MEDIUM_…
 */
export async function findWhole(inputs: readonly VolumeInput[]): Promise<WholeBundle> {
  const editions = new Editions();
  const volumes = new Map<number, LocatedVolume>();
  let first: { readonly edition: Edition; readonly name: string } | undefined;
  for (const input of inputs) {
    if (input.openAt === undefined) throw noStream(input.name);
    const head = await readHead(input);
    const edition = editions.of({ ...head, volumeSize: head.label.volumeSize ?? undefined });
    first ??= { edition, name: input.name };
    if (edition !== first.edition) {
      throw malformedBundle(
        input.name,
        `it is of bundle ${edition.id}, and ${first.name} of ${first.edition.id}, or of one that was divided or signed in another way`,
      );
    }
    const located = locate(edition, head.label.number, input);
    if (located === undefined || input.size !== located.plan.bytes)
      throw damagedBundle(
        input.name,
        `it has ${input.size} bytes; volume ${head.label.number} has ${located?.plan.bytes}`,
      );
    volumes.set(head.label.number, located);
  }
  const edition = first?.edition as Edition;
  refuseMissing(edition, volumes);
  return { edition, volumes: [...volumes.values()] };
}

function refuseMissing(
  { id, manifest, volumes: plans }: Edition,
  volumes: ReadonlyMap<number, unknown>,
): void {
  const missing = plans.filter(({ number }) => !volumes.has(number));
  if (missing.length === 0) return;
  const numbers = missing.map(({ number }) => number);
  const hashes = missing.flatMap(({ slices }) => slices.map(({ content }) => content.sha256));
  const affected = affectedBy(manifest, new Set(hashes));
  throw new JamError(
    "JAM_BUNDLE_INCOMPLETE",
    `Volume ${numbers.join(", ")} of ${plans.length} of bundle ${id} is missing, with ${describeAffected(affected)}.`,
    {
      hint: "Name all volumes, or the folders that hold them. `jam bundle repair-set` makes lost ones again.",
      details: { bundle: id, volumes: numbers, ...affected },
    },
  );
}

function noStream(name: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name} is a stream: a bundle is divided from files only.`, {
    hint: "Volumes are read here and there: save the stream to a file first. `jam bundle create --volume-size` makes volumes at once, `jam bundle import -` takes a stream.",
    details: { from: name },
  });
}
