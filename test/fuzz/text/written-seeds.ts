/** Valid documents that nothing in the program writes by itself. */

export const SETTINGS: readonly string[] = [
  `version: 1
mode: online                         # online | offline
data: ./mirror-data
keys: ./jam-keys
site: plant-7
upstreams:
  - { name: canonical, url: https://streams.canonical.com/juju/tools/, keyring: builtin }
  - name: local
    url: ./upstream
    keyring: none
select:
  - { stream: released, versions: ">=2.9.49 <3 || >=3.6", arch: [amd64, arm64], keep: 3 }
  - { stream: [proposed, devel], os: ubuntu, series: [focal], prereleases: true }
deny:
  - { version: 3.6.7, reason: "LP#1 breaks relations", arch: amd64 }
retention: { snapshots: 20, grace: PT6H, quota: 80GiB, maxRemoval: 40% }
advice: [{ from: 3.10, to: ">=3.6.7 <3.6.9", severity: block, reason: "breaks us", link: "https://bugs.example/1" }]
server: { listen: "[::]:8080" }
fetch: { jobs: 4, limitRate: 20MB, idleTimeout: PT30S, retries: 4, caFile: ca.pem }
`,
  `select: &all
  - stream: '*'
    versions: |-
      >=3.6
deny: *all
`,
  JSON.stringify({ version: 1, select: [{ stream: "released" }], server: { listen: "127.0.0.1:0" } }),
];

export const QUESTIONS: readonly string[] = [
  JSON.stringify([
    { id: "web", current: "2.9.42", controllerVersion: "2.9.51", arches: ["amd64", "arm64"] },
    { client: "3.6.9", autoUpgrade: false },
    { modelVersion: "2.9.51", sourceController: "2.9.51", targetController: "3.6.9" },
    { base: "3.6.5", list: ["3.6.6", "3.6-beta2"] },
    { runningVersion: "3.6.5", stream: "proposed", development: true, version: null },
  ]),
  JSON.stringify({
    meta: { about: "recorded answers" },
    upgrade: [
      {
        current: "4.0.1",
        streams: { released: ["4.0.2", "4.0.3@arm64"] },
        nodeArches: ["amd64"],
        nodeVersions: ["4.0.1"],
        unsupportedMachines: 1,
        safe: true,
        generation: "4.0",
      },
      {
        current: "3.5.1",
        modelType: "caas",
        registryTags: ["3.5.2", "latest"],
        stored: ["3.5.1"],
        otherModels: [{ name: "a", version: "3.5.0" }],
        localAgent: "custom",
      },
    ],
    bootstrap: [{ client: "2.9.33", available: ["2.9.34"], expected: {} }],
  }),
  JSON.stringify({ questions: [{ kind: "upgrade", current: "1.25.6", requested: "1.25.13" }] }, undefined, 1),
];

/** Single words and lines that people and documents write. */
export const WORDS: readonly string[] = [
  "3.6.5",
  "3.6-beta2",
  "2.9.42.1",
  "v3.6.11",
  "3.6.11-genericlinux-amd64",
  "3.6/stable",
  "1.21-alpha12",
  ">=2.9.49 <3 || >=3.6 ^3.1 ~2.9.4 3.x",
  "2.9.30 - 2.9.49",
  "80GiB",
  "500 MB",
  "P1DT12H",
  "PT0.5S",
  "127.0.0.1:8080",
  "[::1]:0",
  "40%",
  "Mon, 23 Nov 2026 10:54:46 +0000",
  "com.ubuntu.juju:released:agents",
  "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
];
