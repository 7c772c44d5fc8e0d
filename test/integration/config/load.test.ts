import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LoadOptions, loadConfig } from "../../../src/config/load.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";

function options(cwd: string, given: Partial<LoadOptions> = {}): LoadOptions {
  return {
    file: undefined,
    flags: {},
    env: { XDG_CACHE_HOME: join(cwd, "cache") },
    cwd,
    version: "1.0.0",
    ...given,
  };
}

const cached = (cwd: string) => join(cwd, "cache/jam/config");

test("without a file the built-in settings apply, below the working folder", async () => {
  await using folder = await temporaryFolder();
  expect(await loadConfig(options(folder.path))).toMatchObject({
    file: undefined,
    data: join(folder.path, "mirror-data"),
  });
});

test("searches --config, then JAM_CONFIG, then ./jam.yaml, then the file of the machine", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "etc"));
  const systemFile = join(cwd, "etc/jam.yaml");
  await writeFile(systemFile, "data: held\n");
  const machine = await loadConfig(options(cwd, { systemFile }));
  expect([machine.file, machine.data]).toEqual([systemFile, join(cwd, "etc/held")]);
  for (const name of ["jam", "env", "flag"]) await writeFile(join(cwd, `${name}.yaml`), `data: ${name}\n`);
  const env = { XDG_CACHE_HOME: join(cwd, "cache"), JAM_CONFIG: "env.yaml" };
  const files = [
    await loadConfig(options(cwd, { systemFile })),
    await loadConfig(options(cwd, { systemFile, env })),
    await loadConfig(options(cwd, { systemFile, env, file: "flag.yaml" })),
  ].map(({ file, data }) => [file, data]);
  expect(files).toEqual(["jam", "env", "flag"].map((name) => [join(cwd, `${name}.yaml`), join(cwd, name)]));
});

test("a file of the machine that cannot be read is named, not skipped", async () => {
  await using folder = await temporaryFolder();
  const systemFile = join(folder.path, "system");
  await mkdir(systemFile);
  await expect(loadConfig(options(folder.path, { systemFile }))).rejects.toMatchObject({
    code: "JAM_CONFIG_NOT_FOUND",
    details: { file: systemFile },
  });
});

test("problems name the whole path where the working folder is the root, as in services", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "wrong.yaml");
  await writeFile(file, "moed: online\n");
  const env = { XDG_CACHE_HOME: join(folder.path, "cache") };
  await expect(loadConfig(options("/", { file, env }))).rejects.toThrow(`${file} has a problem`);
  await expect(loadConfig(options(folder.path, { file, env }))).rejects.toThrow(/^wrong\.yaml has a problem/);
});

test("takes flags over environment over file, each relative to its own place", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "etc"));
  const file = join(cwd, "etc/jam.yaml");
  await writeFile(file, "data: held\nserver: { listen: 127.0.0.1:1 }\nfetch: { jobs: 1, retries: 1 }\n");
  const env = {
    JAM_SERVER_LISTEN: "127.0.0.1:2",
    JAM_FETCH_JOBS: "2",
    JAM_FETCH_CA_FILE: "ca.pem",
    JAM_KEYS: "keys",
  };
  expect(
    await loadConfig(options(cwd, { file, env, flags: { "server.listen": "127.0.0.1:3" } })),
  ).toMatchObject({
    data: join(cwd, "etc/held"),
    keys: join(cwd, "keys"),
    server: { port: 3 },
    fetch: { jobs: 2, retries: 1, caFile: join(cwd, "ca.pem") },
  });
});

test.for<[string, Partial<LoadOptions>, string]>([
  ["alone", {}, "etc/held"],
  ["with --data", { flags: { data: "flag" } }, "flag"],
  ["with JAM_DATA", { env: { JAM_DATA: "variable" } }, "variable"],
  ["with both", { env: { JAM_DATA: "variable" }, flags: { data: "flag" } }, "flag"],
])("a store in the file counts like the data directory, %s", async ([, given, expected]) => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "etc"));
  for (const text of [
    "store: { kind: fs, path: held }",
    "data: held",
    "data: ./held/\nstore: { kind: fs, path: held }",
  ]) {
    const file = join(cwd, "etc/jam.yaml");
    await writeFile(file, text);
    const path = join(cwd, expected);
    expect(await loadConfig(options(cwd, { file, ...given }))).toMatchObject({
      store: { kind: "fs", path },
      data: path,
    });
  }
});

test.for<[string, string, RegExp]>([
  ["a kind that does not exist", "store: { kind: s3, path: held }", /store\.kind/],
  ["no path", "store: { kind: fs }", /store\.path/],
  ["an unknown key", "store: { kind: fs, path: held, bucket: x }", /bucket/],
])("a store with %s is refused, also where another data directory is given", async ([, text, problem]) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "jam.yaml");
  await writeFile(file, text);
  for (const given of [{}, { flags: { data: "flag" } }, { env: { JAM_DATA: "variable" } }])
    await expect(loadConfig(options(folder.path, { file, ...given }))).rejects.toThrow(problem);
});

describe("a settings file that was named", () => {
  test.for([
    ["is missing", "none.yaml", "Name an existing file, or run `jam init` to write one."],
    ["is a folder", ".", "Check the file's type and permissions."],
  ] as const)("and %s is an error with the way out", async ([, file, hint]) => {
    await using folder = await temporaryFolder();
    await expect(loadConfig(options(folder.path, { file }))).rejects.toMatchObject({
      code: "JAM_CONFIG_NOT_FOUND",
      hint,
    });
  });

  test("by JAM_CONFIG says so when it is missing", async () => {
    await using folder = await temporaryFolder();
    await expect(loadConfig(options(folder.path, { env: { JAM_CONFIG: "x" } }))).rejects.toThrow(
      "(from JAM_CONFIG)",
    );
  });

  test("and is far too large is refused before it is parsed", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "jam.yaml"), "#".repeat(1_048_577));
    await expect(loadConfig(options(folder.path))).rejects.toMatchObject({ code: "JAM_CONFIG_INVALID" });
  });
});

describe("what passed the check once", () => {
  test("is remembered, for this text, this environment and this version", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, "jam.yaml"), "mode: offline\n");
    await loadConfig(options(cwd));
    const [entry] = await readdir(cached(cwd));
    // An entry whose result differs from the file's shows which of the two is read.
    const path = join(cached(cwd), entry ?? "");
    const forged = {
      ...(JSON.parse(await readFile(path, "utf8")) as object),
      config: { data: "remembered" },
    };
    await writeFile(path, JSON.stringify(forged));
    expect((await loadConfig(options(cwd))).data).toBe("remembered");

    const env = { XDG_CACHE_HOME: join(cwd, "cache"), JAM_FETCH_JOBS: "2" };
    for (const changed of [{ version: "1.0.1" }, { env }]) {
      expect((await loadConfig(options(cwd, changed))).mode).toBe("offline");
      await writeFile(path, JSON.stringify(forged));
    }
    await writeFile(join(cwd, "jam.yaml"), "mode: offline # other text\n");
    expect((await loadConfig(options(cwd))).mode).toBe("offline");
  });

  test("is not what failed it", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "jam.yaml"), "mode: of\n");
    for (let time = 0; time < 2; time++)
      await expect(loadConfig(options(folder.path))).rejects.toThrow("a problem");
  });

  test("is ignored when it is damaged", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, "jam.yaml"), "mode: offline\n");
    await loadConfig(options(cwd));
    const [entry] = await readdir(cached(cwd));
    await writeFile(join(cached(cwd), entry ?? ""), '{"mode":');
    expect((await loadConfig(options(cwd))).mode).toBe("offline");
    expect(await readFile(join(cached(cwd), entry ?? ""), "utf8")).toContain('"mode":"offline"');
  });

  test("is ignored in a folder that others may write to, or that is somewhere else", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, "jam.yaml"), "mode: offline\n");
    await loadConfig(options(cwd));
    await chmod(cached(cwd), 0o777);
    const [entry] = await readdir(cached(cwd));
    const path = join(cached(cwd), entry ?? "");
    await writeFile(path, (await readFile(path, "utf8")).replace('"mode":"offline"', '"mode":"online"'));
    expect((await loadConfig(options(cwd))).mode).toBe("offline");

    await mkdir(join(cwd, "linked/jam"), { recursive: true });
    await symlink(cached(cwd), join(cwd, "linked/jam/config"));
    const env = { XDG_CACHE_HOME: join(cwd, "linked") };
    expect((await loadConfig(options(cwd, { env }))).mode).toBe("offline");
  });

  test("stays small in number however many files are used", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    for (let file = 0; file < 70; file++) {
      await writeFile(join(cwd, `${file}.yaml`), "mode: offline\n");
      await loadConfig(options(cwd, { file: `${file}.yaml` }));
    }
    expect((await readdir(cached(cwd))).length).toBeLessThanOrEqual(64);
  });

  test("is done without where there is no place for it", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, "jam.yaml"), "mode: offline\n");
    for (const env of [
      {},
      { HOME: "" },
      { XDG_CACHE_HOME: join(cwd, "jam.yaml") },
      { XDG_CACHE_HOME: "relative" },
    ]) {
      expect((await loadConfig(options(cwd, { env }))).mode).toBe("offline");
    }
    expect(await readdir(cwd)).toEqual(["jam.yaml"]);
  });
});
