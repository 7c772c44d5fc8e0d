import { sha256Of } from "../../../src/shared/sha256.ts";
import type { Agent } from "../../../src/juju/agent.ts";

const CONTENT_ID = "com.ubuntu.juju:released:agents";

/** An agent for amd64 on ubuntu as a mirror lists it; the version decides everything else. */
export function mirrored(version: string, content = version): Agent {
  return {
    version,
    release: "ubuntu",
    arch: "amd64",
    path: `agent/${version}/juju-${version}-linux-amd64.tgz`,
    size: 1000 + version.length,
    sha256: sha256Of(content),
    listings: [{ contentId: CONTENT_ID, productId: "com.ubuntu.juju:ubuntu:amd64", date: "20261123" }],
  };
}
