/** A bundle that is complete is taken over by the next run as volumes that are finished; its other files are written anew. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleFiles } from "../../../src/bundle/format/bundle-files.ts";
import { adoptFolder, removeOtherBundles } from "../../../src/bundle/write/adopt-folder.ts";
import { openMediumFolder } from "../../../src/medium/folder-writer.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { formatSums } from "../../../src/shared/sums.ts";

test.for([
  ["one volume", ["b.tar"], undefined],
  ["several volumes", ["b.001.tar", "b.002.tar", "b.003.tar"], "-----BEGIN PGP SIGNATURE-----"],
] as const)("only volumes are noted as finished: %s", async ([, volumes, signature]) => {
  const folder = await mkdtemp(join(tmpdir(), "jam-adopt-"));
  try {
    const files = bundleFiles("b", volumes.length);
    const manifestBytes = Buffer.from('{"id":"b1"}');
    const contents = new Map<string, Buffer>([
      ...volumes.map((name) => [name, Buffer.from(name)] as const),
      [files.manifest, manifestBytes],
      ...(signature === undefined ? [] : [[files.manifestSignature, Buffer.from(signature)] as const]),
      [files.page, Buffer.from("a page")],
    ]);
    for (const [name, bytes] of contents) await writeFile(join(folder, name), bytes);
    const sums = [...contents].map(([name, bytes]) => ({ name, sha256: sha256Of(bytes) }));
    await writeFile(join(folder, "SHA256SUMS"), formatSums(sums));
    const medium = openMediumFolder(folder);
    const layout = { id: "b1", manifestBytes, signature, volumeSize: undefined } as never;
    const before = await adoptFolder(medium, files, { layout, force: true });
    expect(before?.volumes.map(({ name }) => name)).toEqual(volumes);
    // Killed after this, the note is what the next run goes by.
    await removeOtherBundles(medium, { layout, files, before });
    const note = JSON.parse(await readFile(join(folder, ".jam-bundle-progress.json"), "utf8")) as {
      volumes: { name: string }[];
    };
    expect(note.volumes.map(({ name }) => name)).toEqual(volumes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
