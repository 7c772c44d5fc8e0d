import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { readSigningKey } from "../../src/openpgp/signing-key.ts";
import { archiveName } from "../../src/program/installation.ts";
import { listFiles } from "../../src/program/list-files.ts";
import { archiveOf } from "../../src/program/write-archive.ts";
import { buildDeb } from "./deb/build-deb.ts";
import { madeAt, stageProgram } from "./stage.ts";
import { ARCHES, PackageError, type Arch } from "./target.ts";

const USAGE = `Usage: npm run package -- [--arch ARCH] [--format FORMAT] [--to FOLDER] [--sign-key FILE]

Writes jam-VERSION-linux-ARCH.tar.gz and a Debian package for each architecture, and SHA256SUMS.

  --arch ARCH      x64 or arm64; may be given twice (default: both)
  --format FORMAT  archive or deb; may be given twice (default: both)
  --to FOLDER      where to write (default: dist-packages)
  --sign-key FILE  an OpenPGP secret key without a passphrase, armoured (or JAM_SIGN_KEY=FILE); signs SHA256SUMS

The same sources give the same bytes. SOURCE_DATE_EPOCH sets the time of the files (default: of the last commit).
DEBFULLNAME and DEBEMAIL name the maintainer of the Debian packages.
`;

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      arch: { type: "string", multiple: true },
      format: { type: "string", multiple: true },
      to: { type: "string", default: "dist-packages" },
      "sign-key": { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const arches = (values.arch ?? ARCHES).map((text) => choose("--arch", ARCHES, text));
  const formats = (values.format ?? FORMATS).map((text) => choose("--format", FORMATS, text));
  const signKey = values["sign-key"] ?? process.env["JAM_SIGN_KEY"];
  const key =
    signKey === undefined ? undefined : await readSigningKey(await readFile(signKey, "utf8"), signKey);
  const folder = resolve(values.to);
  await mkdir(folder, { recursive: true });
  const time = await madeAt();
  const sums: string[] = [];
  for (const arch of new Set(arches)) {
    for (const format of new Set(formats)) {
      const { file, sha256 } = await WRITERS[format](arch, folder, time);
      sums.push(`${sha256}  ${file}\n`);
      process.stdout.write(`${join(folder, file)}\n`);
    }
  }
  await writeSums(folder, sums.sort().join(""), key, time);
}

interface Written {
  readonly file: string;
  readonly sha256: string;
}

const FORMATS = ["archive", "deb"] as const;

const WRITERS: Readonly<
  Record<(typeof FORMATS)[number], (arch: Arch, to: string, time: number) => Promise<Written>>
> = { archive: writeArchive, deb: writeDeb };

async function writeDeb(arch: Arch, to: string, madeAt: number): Promise<Written> {
  const file = await buildDeb({ arch, to, madeAt });
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(to, file)), hash);
  return { file, sha256: hash.digest("hex") };
}

async function writeArchive(arch: Arch, to: string, time: number): Promise<Written> {
  const folder = await mkdtemp(join(tmpdir(), "jam-package-"));
  try {
    const installation = await stageProgram({ arch, folder, kind: "archive", libraries: true, madeAt: time });
    const name = archiveName(installation);
    const file = `${name}.tar.gz`;
    const hash = createHash("sha256");
    await pipeline(
      archiveOf(folder, await listFiles(folder), { name, madeAt: time }),
      async function* (bytes: AsyncIterable<Uint8Array>) {
        for await (const piece of bytes) {
          hash.update(piece);
          yield piece;
        }
      },
      createWriteStream(join(to, file), { flush: true }),
    );
    return { file, sha256: hash.digest("hex") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeSums(
  folder: string,
  text: string,
  key: Awaited<ReturnType<typeof readSigningKey>> | undefined,
  time: number,
): Promise<void> {
  const file = join(folder, "SHA256SUMS");
  await writeFile(file, text);
  await rm(`${file}.asc`, { force: true });
  process.stdout.write(`${file}\n`);
  if (key === undefined) {
    process.stderr.write("SHA256SUMS is not signed: there was no --sign-key FILE and no JAM_SIGN_KEY.\n");
    return;
  }
  await writeFile(`${file}.asc`, await key.signDetached(Buffer.from(text), new Date(time * 1000)));
  process.stdout.write(`${file}.asc, signed by ${key.fingerprint}\n`);
}

function choose<T extends string>(flag: string, choices: readonly T[], text: string): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new PackageError(`${flag} ${text}: give ${choices.join(" or ")}.`);
  return found;
}

try {
  await run();
} catch (error) {
  if (!(error instanceof PackageError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}
