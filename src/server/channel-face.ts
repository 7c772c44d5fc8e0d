import { listSnapshotIds } from "../mirror/read-snapshots.ts";
import { JamError } from "../shared/errors.ts";
import { MIRROR_REF, REF_NAME, type RefName } from "../shared/ref-name.ts";
import { type FaceContext, type ServeFace, serveCuratedFace } from "./faces.ts";
import type { ServedStore } from "./ports.ts";
import { sendNotFound } from "./problem.ts";

/** What the faces of channels are made of. */
export type ChannelFaceContext = FaceContext & Pick<ServedStore, "refs" | "documents">;

/**
 * `/channel/<name>/tools/…`: the curated face of each channel, also of one that is made while the server runs. The target
 * begins with the slash before the name.
 */
export function serveChannelFaces(context: ChannelFaceContext): ServeFace {
  const faces = new Map<string, ServeFace>();
  return async (exchange, target) => {
    const [, name = "", path = ""] = /^\/([^/?]+)\/tools(\/.*)$/s.exec(target) ?? [];
    if (!REF_NAME.test(name) || name === MIRROR_REF) {
      sendNotFound(exchange.response);
      return;
    }
    if ((await context.refs.read(name)) === undefined && (await isGone(context, faces.has(name)))) {
      faces.delete(name);
      throw notShown(name);
    }
    let face = faces.get(name);
    if (face === undefined) {
      face = serveCuratedFace(context, name as RefName);
      faces.set(name, face);
    }
    await face(exchange, path);
  };
}

/** A channel that was served is gone when it was deleted, and not when its store cannot be read. */
async function isGone({ documents }: ChannelFaceContext, wasServed: boolean): Promise<boolean> {
  return !wasServed || (await listSnapshotIds(documents)).length > 0;
}

function notShown(name: string): JamError {
  return new JamError(
    "JAM_CHANNEL_NOT_FOUND",
    `There is no channel ${name} here, or nothing was promoted to it yet.`,
    {
      hint: "The start page of this server lists its channels.",
      details: { channel: name },
    },
  );
}
