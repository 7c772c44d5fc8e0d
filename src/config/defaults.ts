import { join } from "node:path";
import type { Config } from "./config.ts";

/** The settings when there is no file, with relative paths below `folder`. */
export function defaultConfig(folder: string): Config {
  return {
    file: undefined,
    mode: "online",
    data: join(folder, "mirror-data"),
    upstreams: [{ name: "canonical", url: "https://streams.canonical.com/juju/tools/", keyring: "builtin" }],
    rules: {
      select: [
        {
          streams: ["released"],
          versions: ">=2.9.49 <3 || >=3.6",
          arch: ["amd64", "arm64"],
          os: ["ubuntu"],
          keep: 2,
        },
      ],
      deny: [],
    },
    fetch: { jobs: 4, limitRate: undefined, idleTimeoutMs: 30_000, retries: 4, caFile: undefined },
    retention: { snapshots: 20, graceMs: 6 * 3_600_000, quota: undefined, maxRemoval: 0.4 },
    server: { host: "127.0.0.1", port: 8080 },
  };
}
