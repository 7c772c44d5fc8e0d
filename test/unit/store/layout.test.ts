import { posix } from "node:path";
import { fc, test } from "../../helpers/property.ts";
import { describe, expect, it } from "vitest";
import { isTemporaryName, temporaryName } from "../../../src/disk/durable-write.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import {
  STORE_FOLDERS,
  blobFolder,
  blobPath,
  faceLink,
  formatFormat,
  formatRefTarget,
  isDocumentName,
  isTreeId,
  isTreePath,
  parseFormat,
  parsePartialName,
  parseRefTarget,
  partialPaths,
  quarantinePaths,
} from "../../../src/store/layout.ts";

/** A face's link, and what it leads to. */
function resolved(ref: string): string[] {
  const { path, target } = faceLink(ref);
  return [path, posix.join(posix.dirname(path), target)];
}

const anySha256 = fc.string().map(sha256Of);
const anyName = fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9._~/\\-]{1,20}$/));

describe("layout of a store", () => {
  it("spreads blobs over 256 folders by the start of their hash", () => {
    const sha256 = sha256Of("");
    expect(blobFolder(sha256)).toBe("blobs/sha256/e3");
    expect(blobPath(sha256)).toBe(`blobs/sha256/e3/${sha256}`);
  });

  it("lists every folder after its parent", () => {
    const seen = new Set<string>(["."]);
    for (const folder of STORE_FOLDERS) {
      expect(seen).toContain(posix.dirname(folder));
      seen.add(folder);
    }
  });

  it("reaches each ref's tree through a link that never changes", () => {
    expect(resolved("mirror")).toEqual(["tools", "refs/mirror/tools"]);
    expect(resolved("lab")).toEqual(["channels/lab/tools", "refs/lab/tools"]);
  });

  it.for(["", "jam-store:", "jam-store:x", "jam-store:1.5", "jam-store:-1", "1", "\0\0\0"])(
    "finds no format in %j",
    (text) => {
      expect(parseFormat(text)).toBeUndefined();
    },
  );

  it.for([
    "../published/",
    "../published/../etc",
    "/published/a",
    "published/a",
    "../published/a/b",
    "../published/.tmp-1",
  ])("finds no tree in the link target %j", (target) => {
    expect(parseRefTarget(target)).toBeUndefined();
  });

  test.prop([fc.nat(999_999)])("reads back the format that it writes", (version) => {
    expect(parseFormat(formatFormat(version))).toBe(version);
  });

  test.prop([anyName])("reads back the tree that a ref points at", (id) => {
    expect(parseRefTarget(formatRefTarget(id))).toBe(isTreeId(id) ? id : undefined);
  });

  test.prop([anySha256])("recognises the files of a blob on its way in", (sha256) => {
    for (const by of ["run", "cache"] as const) {
      const paths = partialPaths(sha256, by);
      expect(parsePartialName(posix.basename(paths.bytes))).toEqual({ sha256, by, part: "bytes" });
      expect(parsePartialName(posix.basename(paths.source))).toEqual({ sha256, by, part: "source" });
    }
    expect(parsePartialName(posix.basename(quarantinePaths(sha256).sample))).toBeUndefined();
  });

  test.prop([anyName])("gives nothing finished a temporary name", (name) => {
    const temporary = temporaryName(name);
    expect(isTemporaryName(temporary)).toBe(true);
    expect(isTreeId(temporary)).toBe(false);
    expect(isTreePath(temporary)).toBe(false);
    expect(isDocumentName("state", `${temporary}.json`)).toBe(false);
    expect(parsePartialName(temporary)).toBeUndefined();
  });

  test.prop([anyName])("accepts as a name only what is one segment of a path", (name) => {
    fc.pre(isTreeId(name) || isDocumentName("state", name));
    expect(posix.join("/data/published", name)).toBe(`/data/published/${name}`);
    expect(posix.basename(name)).toBe(name);
  });

  test.prop([fc.array(anyName, { maxLength: 4 }).map((parts) => parts.join("/"))])(
    "accepts as a path in a tree only what stays below it, unchanged",
    (path) => {
      fc.pre(isTreePath(path));
      expect(posix.resolve("/data/published/id", path)).toBe(`/data/published/id/${path}`);
    },
  );
});
