import type { CommandEntry } from "./command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "write a commented jam.yaml, and optionally systemd units or a crontab",
    group: "start",
    load: () => import("./commands/init.ts"),
  },
  {
    name: "check",
    summary: "check settings, rules, keys, upstream, disk and clock",
    group: "start",
    load: () => import("./commands/check.ts"),
  },
  {
    name: "sync",
    summary: "fetch what is missing from upstream and publish it",
    group: "mirror",
    load: () => import("./commands/sync.ts"),
  },
  {
    name: "list",
    summary: "list the agents in the mirror",
    group: "mirror",
    load: () => import("./commands/list.ts"),
  },
  {
    name: "status",
    summary: "show the state of the mirror and the last runs",
    group: "mirror",
    load: () => import("./commands/status.ts"),
  },
  {
    name: "explain",
    summary: "explain why an agent is mirrored or not",
    group: "mirror",
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "snapshot",
    summary: "list, compare and switch the snapshots that are kept",
    group: "mirror",
    load: () => import("./commands/snapshot.ts"),
  },
  {
    name: "prune",
    summary: "delete what retention no longer keeps",
    group: "mirror",
    load: () => import("./commands/prune.ts"),
  },
  {
    name: "which",
    summary: "print the version that Juju upgrades a model to, and why",
    group: "upgrade",
    load: () => import("./commands/which.ts"),
  },
  {
    name: "lookup",
    summary: "simulate how Juju looks for an agent, document by document",
    group: "upgrade",
    load: () => import("./commands/lookup.ts"),
  },
  {
    name: "plan",
    summary: "plan an upgrade of one version or a whole fleet",
    group: "upgrade",
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "ready",
    summary: "check that the mirror can serve every hop of a plan",
    group: "upgrade",
    load: () => import("./commands/ready.ts"),
  },
  {
    name: "upgraded",
    summary: "list machines and units that have not finished an upgrade",
    group: "upgrade",
    load: () => import("./commands/upgraded.ts"),
  },
  {
    name: "graph",
    summary: "print the upgrade paths between the versions in the mirror",
    group: "upgrade",
    load: () => import("./commands/graph.ts"),
  },
  {
    name: "serve",
    summary: "serve the mirror over HTTP",
    group: "serve",
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "connect",
    summary: "print the commands that configure Juju to use this mirror",
    group: "serve",
    load: () => import("./commands/connect.ts"),
  },
  {
    name: "bundle",
    summary: "create, verify and import bundles for air-gapped sites",
    group: "carry",
    load: () => import("./commands/bundle.ts"),
  },
  {
    name: "inventory",
    summary: "list the contents of this mirror, so that a bundle can omit them",
    group: "carry",
    load: () => import("./commands/inventory.ts"),
  },
  {
    name: "site",
    summary: "show how far sites are behind, and import their receipts",
    group: "carry",
    load: () => import("./commands/site.ts"),
  },
  {
    name: "key",
    summary: "manage the keys that sign bundles and receipts",
    group: "carry",
    load: () => import("./commands/key.ts"),
  },
  {
    name: "config",
    summary: "show and validate the settings",
    group: "setup",
    load: () => import("./commands/config.ts"),
  },
  {
    name: "completion",
    summary: "print a completion script for a shell",
    group: "setup",
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "complete",
    summary: "print completions for a shell",
    group: "setup",
    load: () => import("./commands/complete.ts"),
    isHidden: true,
  },
];
