import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { rolldown, type Plugin } from "rolldown";

/**
 * The program, and each of its threads: these are files of their own, next to the chunks that start them. Whatever is named
 * `…-worker.ts` is one.
 */
export function entriesOf(checkout: string): Readonly<Record<string, string>> {
  const files = ["src/main.ts", ...globSync("src/**/*-worker.ts", { cwd: checkout }).toSorted()];
  return Object.fromEntries(files.map((file) => [basename(file, ".ts"), join(checkout, file)]));
}

/**
 * Chunks of modules that are loaded together, each with all that they import and no earlier one has: each file more takes half a
 * millisecond at the start. What every command that reads the mirror loads is the first of jam's own. zod and OpenPGP are
 * apart, because most commands need neither.
 */
const GROUPS: readonly (readonly [name: string, modules: RegExp])[] = [
  ["zod", /\/node_modules\/zod\//],
  ["openpgp", /\/node_modules\/openpgp\//],
  [
    "start",
    sourcesOf(
      "main|cli/dispatch|cli/commands/list|cli/render/agent-table|cli/input/input-files|compose/store|config/config|config/load",
      "config/overrides|mirror/next-turn|mirror/state-document|shared/limits|shared/map-concurrently|shared/shell-command",
      "store/fs/open-fs-reader|cli/output/document",
    ),
  ],
  ["rules", sourcesOf("juju/select|juju/path-space")],
  ["store", sourcesOf("store/fs/open-fs-store")],
  [
    "reading",
    sourcesOf(
      "cli/commands/snapshot|cli/commands/status|compose/status|mirror/read-status|mirror/list-snapshots|mirror/last-runs|mirror/kept-data",
      "mirror/quota-use|mirror/refused-changes|mirror/run-note|mirror/kept-contents|mirror/damaged-blobs|mirror/face",
      // Of what the groups below would take, `jam serve` needs these.
      "mirror/hash-blob|simplestreams/signed-text",
    ),
  ],
  [
    "which",
    sourcesOf(
      "cli/commands/which|cli/render/which|compose/known|compose/upgrade|mirror/knowledge",
      "upgrade/which/parameters|upgrade/which/which|upgrade/which/which-state",
    ),
  ],
  [
    "publish",
    sourcesOf("mirror/publish|mirror/keep-snapshot|mirror/list-snapshots|mirror/as-writer|mirror/retention"),
  ],
  ["channel", sourcesOf("cli/commands/channel|compose/channel|channel/promote|channel/history")],
  ["verify", sourcesOf("cli/commands/verify|compose/verify|verify/verify-mirror")],
];

function sourcesOf(...names: readonly string[]): RegExp {
  return new RegExp(`/src/(?:${names.join("|")})\\.ts$`);
}

/** What commander imports from Node, loaded when it is used: loading these modules takes 5 ms, and no command uses them. */
const LOADED_LATE: Readonly<Record<string, string>> = {
  "node:child_process":
    'export default { spawn: (...args) => process.getBuiltinModule("node:child_process").spawn(...args) };',
  "node:process": "export default globalThis.process;",
  "node:util":
    'export const stripVTControlCharacters = (text) => process.getBuiltinModule("node:util").stripVTControlCharacters(text);',
};

const loadLate: Plugin = {
  name: "load-late",
  resolveId: (source, importer) =>
    source in LOADED_LATE && importer?.includes("/node_modules/commander/") === true
      ? `\0late-${source}`
      : undefined,
  load: (id) => (id.startsWith("\0late-") ? LOADED_LATE[id.slice("\0late-".length)] : undefined),
};

/**
 * HTTP from Node without the browser's API, which importing these modules as ES modules loads as well: 25 ms and 10 MB.
 */
const HTTP = ["node:http", "node:https"] as const;

const httpAlone: Plugin = {
  name: "http-alone",
  resolveId: (source) => (HTTP.some((name) => name === source) ? `\0alone-${source}` : undefined),
  load: (id) => {
    const name = HTTP.find((one) => id === `\0alone-${one}`);
    return name && aloneCode(name);
  },
};

/** A module with what the built-in one exports, but for what it loads when it is asked for. */
function aloneCode(name: (typeof HTTP)[number]): string {
  const fields = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)));
  const names = fields.filter(([, { value }]) => value !== undefined).map(([field]) => field);
  return `const all = process.getBuiltinModule(${JSON.stringify(name)});
export default all;
export const { ${names.join(", ")} } = all;
`;
}

const BUILTIN_IMPORT =
  /^import (?:(?<whole>[\w$]+)(?:, )?)?(?:\{ (?<fields>.*) \}|\* as (?<all>[\w$]+))? from "(?<name>node:[\w/]+)";$/gm;
const LATE_BUILTIN_IMPORT = /\bimport\("(node:[\w/]+)"\)/g;

/**
 * Takes what a chunk imports from Node without a module of its own around it: making one reads every field of the built-in
 * module, which loads what nobody asked for, as the streams behind `fs.ReadStream`. Threads start 4 ms faster.
 */
const builtinsAlone: Plugin = {
  name: "builtins-alone",
  renderChunk: (code) =>
    code
      .replaceAll(BUILTIN_IMPORT, (...match) => constantsOf(match.at(-1) as Readonly<Record<string, string>>))
      .replaceAll(LATE_BUILTIN_IMPORT, 'Promise.resolve(globalThis.process.getBuiltinModule("$1"))'),
};

function constantsOf({ whole, all, fields, name }: Readonly<Record<string, string>>): string {
  return [whole, all, fields && `{ ${fields.replaceAll(" as ", ": ")} }`]
    .filter((target) => target !== undefined)
    .map((target) => `const ${target} = globalThis.process.getBuiltinModule("${name}");`)
    .join(" ");
}

const STUB = /^export \{ (?<names>[^}]*) \} from "\.\/(?<target>[^"]+)";\s*$/;

/**
 * Leaves out chunks that only name what another chunk has: what is imported late and is in the chunk of others has one. Each
 * would be a file more to load.
 */
const noStubs: Plugin = {
  name: "no-stubs",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((one) => one.type === "chunk");
    const stubs = new Map<string, string>();
    for (const { code, fileName } of chunks) {
      const { names, target } = STUB.exec(code)?.groups ?? {};
      if (names === undefined || target === undefined || /\bdefault\b/.test(names)) continue;
      const fields = names.split(", ").map((name) => name.split(" as "));
      const all = fields.map(([own, shown = own]) => `${shown}: all.${own}`).join(", ");
      stubs.set(fileName, `import("./${target}").then((all) => ({ ${all} }))`);
    }
    for (const chunk of chunks)
      chunk.code = chunk.code.replaceAll(/\bimport\("\.\/([^"]+)"\)/g, (own, file) => stubs.get(file) ?? own);
    // Entries of threads and of the program are named by others than chunks.
    for (const { fileName, isEntry } of chunks)
      if (stubs.has(fileName) && !isEntry && !chunks.some(({ code }) => code.includes(`"./${fileName}"`)))
        delete bundle[fileName];
  },
};

/**
 * Writes the program of `checkout` into `folder`: its own code and that of every npm package it uses, in few files
 * (docs/decisions/0007-node-inside.md). What is imported when it is needed stays a file of its own. Not minified: stack
 * traces name the functions of the sources.
 */
export async function bundleProgram(checkout: string, folder: string): Promise<void> {
  const bundle = await rolldown({
    cwd: checkout,
    platform: "node",
    // The place of node_modules, which may be a link, must not show in the output.
    resolve: { symlinks: false },
    // What is loaded at the start is known to be imported late elsewhere.
    checks: { ineffectiveDynamicImport: false },
    plugins: [loadLate, httpAlone, builtinsAlone, noStubs],
    // A name that one of the modules above leaves out would be undefined in the program.
    onLog: (_level, log) => {
      if (log.code === "IMPORT_IS_UNDEFINED") throw new Error(log.message);
    },
    input: entriesOf(checkout),
  });
  try {
    await bundle.write({
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      codeSplitting: {
        groups: GROUPS.map(([name, test], at) => ({ name, test, priority: GROUPS.length - at })),
      },
      cleanDir: true,
    });
  } finally {
    await bundle.close();
  }
}
