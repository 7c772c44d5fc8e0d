import type { ConfigFile } from "./schema.ts";

/**
 * What applies where neither flags, environment nor file say anything, written as the file would.
 * The rule takes some hundred MB, not the tens of GB that upstream holds in all.
 */
export const DEFAULTS = {
  mode: "online",
  data: "./mirror-data",
  keys: "./jam-keys",
  upstreams: [{ name: "canonical", url: "https://streams.canonical.com/juju/tools/", keyring: "builtin" }],
  select: [
    {
      stream: "released",
      versions: ">=2.9.49 <3 || >=3.6",
      arch: ["amd64", "arm64"],
      os: ["ubuntu"],
      keep: 2,
    },
  ],
  deny: [],
  fetch: { jobs: 8, idleTimeout: "PT30S", retries: 4 },
  retention: { snapshots: 20, grace: "PT6H", maxRemoval: "40%" },
  server: { listen: "127.0.0.1:8080" },
} as const satisfies ConfigFile;
