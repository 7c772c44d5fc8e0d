import { renderFace, tarballsOf } from "../../mirror/face.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { LookupAnswer, LookupReader } from "./lookup-source.ts";

/** What the answers of a mirror are made of. */
export interface MirrorReaderOptions {
  /** The address at which the mirror is served. */
  readonly base: string;
  /** Undefined before the first sync: then nothing is there. */
  readonly snapshot: Snapshot | undefined;
  /** The media type that the server gives a tarball for this Accept header. */
  readonly tarballType: (accept: string) => string;
  /** Bytes of a tarball that is held; undefined when it is not. */
  readonly sizeOf: (sha256: Sha256) => Promise<number | undefined>;
  /** Judges signatures. */
  readonly reader: Pick<LookupReader, "verify">;
}

/** Answers as `jam serve` does from this snapshot, without a server: the same documents, the same 404s. */
export function createMirrorReader(options: MirrorReaderOptions): LookupReader {
  const { snapshot, reader } = options;
  const base = `${options.base.replace(/\/$/, "")}/`;
  const documents = new Map(snapshot && renderFace(snapshot).map(({ path, text }) => [path, text]));
  const tarballs = tarballsOf(snapshot ?? { agents: [] });
  return {
    fetchDocument: (url) => {
      const path = pathUnder(base, url);
      if (path === undefined) return Promise.resolve({ kind: "not-contacted" });
      const text = documents.get(path);
      return Promise.resolve(text === undefined ? missing() : document(text));
    },
    probe: async (url, accept) => {
      const path = pathUnder(base, url);
      if (path === undefined) return { kind: "not-contacted" };
      const tarball = tarballs.get(path);
      const size = tarball === undefined ? undefined : await options.sizeOf(tarball.sha256);
      // A missing or truncated tarball is answered with 503, so that it is not mistaken for one that never existed.
      if (tarball !== undefined && size !== tarball.size) return answer(503, {});
      if (size === undefined) return missing();
      return answer(200, { "content-type": options.tarballType(accept), "content-length": `${size}` });
    },
    verify: (block) => reader.verify(block),
  };
}

function pathUnder(base: string, url: string): string | undefined {
  return url.startsWith(base) ? url.slice(base.length) : undefined;
}

function document(text: string): LookupAnswer {
  return { ...answer(200, { "content-type": "application/json" }), bytes: new TextEncoder().encode(text) };
}

function missing(): LookupAnswer {
  return answer(404, {});
}

function answer(status: number, headers: Readonly<Record<string, string>>) {
  return { kind: "answer", status, headers, bytes: new Uint8Array() } as const;
}
