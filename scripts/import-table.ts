/**
 * Who may import whom, read from the top down. `check-imports.ts` checks every module against it.
 * A folder may always import itself; of keys that fit a path, the longest counts. What is outside `src` may import it:
 * `src` in `project` stands for all of its folders. `node` and `packages` list what may come from outside the project.
 */
export interface ImportRule {
  readonly project: readonly string[];
  /** Folders of which only types may be imported. */
  readonly typesOf?: readonly string[];
  readonly node: readonly string[] | "any";
  readonly packages: readonly string[] | "any";
  readonly because: string;
}

const DOMAIN = ["shared", "simplestreams", "juju"];

/** Each is declared once, in `store/store.ts`, `upstream/source.ts` and `medium/medium.ts`. */
const CONTRACTS = ["store", "upstream", "medium"];

export const IMPORT_TABLE: Readonly<Record<string, ImportRule>> = {
  shared: {
    project: [],
    node: ["crypto"],
    packages: [],
    because: "value types without I/O stand under everything",
  },
  simplestreams: {
    project: ["shared"],
    node: [],
    packages: [],
    because: "the file format is pure: bytes in, values out",
  },
  juju: {
    project: ["shared", "simplestreams"],
    node: [],
    packages: ["semver"],
    because: "Juju's rules are pure; semver tests ranges only",
  },
  input: {
    project: ["shared"],
    node: [],
    packages: ["js-yaml"],
    because: "reads the JSON and YAML that an operator hands in, whatever it is about",
  },
  disk: {
    project: ["shared"],
    node: "any",
    packages: [],
    because: "durable writes stand under every adapter that keeps files",
  },
  config: {
    project: ["shared", "juju"],
    node: ["fs", "path", "os"],
    packages: ["yaml", "zod"],
    because: "settings are parsed once, at the border",
  },
  openpgp: {
    project: ["shared", "simplestreams", "disk"],
    node: "any",
    packages: ["openpgp"],
    because: "an adapter knows OpenPGP, not who asks whom to trust",
  },
  upstream: {
    project: ["shared", "simplestreams", "openpgp"],
    typesOf: ["store"],
    node: "any",
    packages: ["got"],
    because: "an adapter knows its protocol, not the use case",
  },
  store: {
    project: ["shared", "disk"],
    node: "any",
    packages: [],
    because: "an adapter knows its disk, not the use case",
  },
  medium: {
    project: ["shared", "disk"],
    node: "any",
    packages: [],
    because: "an adapter knows what a stick or a disc can do, not what is carried on it",
  },
  mirror: {
    project: DOMAIN,
    typesOf: ["store", "upstream"],
    node: [],
    packages: ["zod"],
    because: "what a mirror is, for every use case; it reads and writes through the contracts",
  },
  metadata: {
    project: [...DOMAIN, "mirror"],
    typesOf: ["store", "upstream"],
    node: [],
    packages: [],
    because: "which of upstream's documents are accepted, for the sync and for imports",
  },
  sync: {
    project: [...DOMAIN, "mirror", "metadata"],
    typesOf: CONTRACTS,
    node: ["stream"],
    packages: ["p-queue"],
    because: "a use case takes its collaborators as arguments, by the contracts",
  },
  cache: {
    project: [...DOMAIN, "mirror", "metadata", "sync"],
    typesOf: CONTRACTS,
    node: [],
    packages: ["lru-cache", "p-queue"],
    because:
      "what a mirror in cache mode offers and fetches on request; a refresh is a sync without tarballs",
  },
  audit: {
    project: [...DOMAIN, "mirror", "metadata"],
    typesOf: CONTRACTS,
    node: [],
    packages: [],
    because: "a use case takes its collaborators as arguments",
  },
  verify: {
    project: [...DOMAIN, "mirror", "upgrade"],
    typesOf: CONTRACTS,
    node: ["zlib"],
    packages: ["zod"],
    because:
      "a use case takes its collaborators as arguments; it replays Juju's look-ups, and undoes the one coding that Juju asks for",
  },
  doctor: {
    project: [...DOMAIN, "mirror", "verify", "upgrade"],
    node: [],
    packages: ["zod"],
    because: "reads what was handed in, line by line; what the store has comes as values",
  },
  repair: {
    project: [...DOMAIN, "mirror", "verify"],
    typesOf: CONTRACTS,
    node: [],
    packages: ["zod"],
    because: "a use case takes its collaborators as arguments; it repairs what verify finds",
  },
  upgrade: {
    project: [...DOMAIN, "input", "mirror", "metadata"],
    typesOf: CONTRACTS,
    node: [],
    packages: ["zod"],
    because:
      "a use case takes its collaborators as arguments; what operators hand in is parsed at its border",
  },
  bundle: {
    project: [...DOMAIN, "input", "mirror", "metadata", "upgrade", "channel"],
    typesOf: CONTRACTS,
    node: ["stream"],
    packages: ["tar", "zod"],
    because:
      "a use case takes its collaborators through its own ports; what was carried is parsed at its border; bundles carry the histories of channels, and are imported into channels",
  },
  channel: {
    project: [...DOMAIN, "mirror"],
    typesOf: CONTRACTS,
    node: [],
    packages: ["zod"],
    because: "a use case takes its collaborators as arguments; its results are described where they are made",
  },
  server: {
    project: [...DOMAIN, "mirror", "upgrade", "bundle", "channel"],
    typesOf: ["store", "cache"],
    node: "any",
    packages: ["express", "lru-cache", "prom-client", "range-parser", "zod"],
    because:
      "a face answers; it reads the mirror through the contracts, and describes its answers by the schemas of the documents",
  },
  cli: {
    project: [
      ...DOMAIN,
      "input",
      "mirror",
      "metadata",
      "config",
      "sync",
      "audit",
      "verify",
      "doctor",
      "repair",
      "upgrade",
      "bundle",
      "channel",
      "server",
      "program",
      "compose",
    ],
    typesOf: ["store", "upstream", "openpgp", "medium", "cache"],
    node: "any",
    packages: ["commander", "@bomb.sh/tab", "string-width", "yaml", "uqr"],
    because: "a face parses and prints; adapters come from compose",
  },
  compose: {
    project: [
      ...DOMAIN,
      "mirror",
      "metadata",
      "config",
      "disk",
      "openpgp",
      "upstream",
      "store",
      "medium",
      "program",
      "sync",
      "cache",
      "verify",
      "doctor",
      "repair",
      "upgrade",
      "bundle",
      "channel",
      "server",
    ],
    node: "any",
    packages: [],
    because: "the one place that joins use cases to adapters; it decides nothing itself",
  },
  "main.ts": {
    project: ["cli", "shared"],
    node: ["module", "process"],
    packages: [],
    because: "argv in, exit code out",
  },
  program: {
    project: ["shared", "disk"],
    typesOf: ["medium"],
    node: "any",
    packages: ["tar", "zod"],
    because: "what is installed, and the archives of it; it knows nothing of mirrors",
  },
  scripts: {
    project: ["src", "test/peers"],
    node: "any",
    packages: "any",
    because:
      "a tool of the project; the demo starts the sample upstream, packages are written by jam's own code",
  },
  "scripts/package": {
    project: ["src", "scripts/man"],
    node: "any",
    packages: ["rolldown", "tar"],
    because: "packages are made of the program, its manual pages and what is fetched with a pinned hash",
  },
  "scripts/man": {
    project: ["src", "package.json"],
    node: ["events", "fs", "path"],
    packages: ["commander", "yaml"],
    because: "manual pages are made from the declarations of commands and settings",
  },
  bench: {
    project: ["src", "test/peers", "test/helpers", "scripts/package"],
    node: "any",
    packages: "any",
    because: "a bench measures the program, as packages contain it, against peers; it is no part of a test",
  },
  "test/peers": {
    project: ["shared"],
    node: "any",
    packages: "any",
    because: "a peer of jam knows nothing of jam's own code, or both could be wrong in the same way",
  },
  "test/crash": {
    project: ["test/peers", "test/helpers"],
    node: "any",
    packages: "any",
    because: "the crash sweep looks at files and answers only, as an operator does",
  },
  "test/fuzz": {
    project: ["src", "test/peers", "test/crash", "test/helpers"],
    node: "any",
    packages: "any",
    because: "a fuzzer calls readers directly",
  },
  "test/walk": {
    project: ["src", "test/peers", "test/crash", "test/helpers"],
    node: "any",
    packages: "any",
    because: "a walk runs commands and compares what they leave with a model of its own",
  },
  "test/helpers": {
    project: ["src", "test/peers", "test/fuzz"],
    node: "any",
    packages: "any",
    because: "helpers serve every tier and know none",
  },
  "test/unit": {
    project: ["src", "scripts", "scripts/package", "scripts/man", "bench", "test/helpers"],
    node: ["path", "url", "util", "crypto", "timers", "events", "stream", "worker_threads", "os", "buffer"],
    packages: "any",
    because: "unit tests work without files and network; test/integration is for those",
  },
  test: {
    project: [
      "src",
      "scripts/package",
      "scripts/man",
      "test/peers",
      "test/crash",
      "test/fuzz",
      "test/walk",
      "test/helpers",
      "package.json",
    ],
    node: "any",
    packages: "any",
    because: "a test file shares nothing with another one; what two need belongs in test/helpers",
  },
};
