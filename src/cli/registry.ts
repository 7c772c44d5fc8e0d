import type { CommandEntry } from "./command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "write jam.yaml with comments; units for systemd or a line for cron on request",
    group: "start",
    load: () => import("./commands/init.ts"),
  },
  {
    name: "check",
    summary: "look at settings, rules, key, upstream, disk and clock, and say what to fix",
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
    summary: "list the agents that are held",
    group: "mirror",
    load: () => import("./commands/list.ts"),
  },
  {
    name: "status",
    summary: "show what is held, since when, and the last runs",
    group: "mirror",
    load: () => import("./commands/status.ts"),
  },
  {
    name: "explain",
    summary: "say why an agent is mirrored or not",
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
    summary: "let go of what retention no longer keeps",
    group: "mirror",
    load: () => import("./commands/prune.ts"),
  },
  {
    name: "which",
    summary: "say which version Juju takes a model to, and why",
    group: "upgrade",
    load: () => import("./commands/which.ts"),
  },
  {
    name: "lookup",
    summary: "simulate how Juju looks for an agent here, document by document",
    group: "upgrade",
    load: () => import("./commands/lookup.ts"),
  },
  {
    name: "plan",
    summary: "plan an upgrade: hops, agents, checks and commands, for one version or a whole fleet",
    group: "upgrade",
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "ready",
    summary: "say whether every hop of a plan can be served from here",
    group: "upgrade",
    load: () => import("./commands/ready.ts"),
  },
  {
    name: "upgraded",
    summary: "say which machines and units lag behind an upgrade, and what to try",
    group: "upgrade",
    load: () => import("./commands/upgraded.ts"),
  },
  {
    name: "graph",
    summary: "print which held versions lead to which",
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
    summary: "print the commands that point Juju at this mirror, and how to undo them",
    group: "serve",
    load: () => import("./commands/connect.ts"),
  },
  {
    name: "bundle",
    summary: "make, check and import what is carried over an air gap",
    group: "carry",
    load: () => import("./commands/bundle.ts"),
  },
  {
    name: "inventory",
    summary: "list what this mirror has, so that a bundle leaves it out",
    group: "carry",
    load: () => import("./commands/inventory.ts"),
  },
  {
    name: "site",
    summary: "show how far sites are behind; import the receipts that they send back",
    group: "carry",
    load: () => import("./commands/site.ts"),
  },
  {
    name: "key",
    summary: "make and trust the keys that sign bundles and receipts",
    group: "carry",
    load: () => import("./commands/key.ts"),
  },
  {
    name: "config",
    summary: "show, check and explain the settings",
    group: "setup",
    load: () => import("./commands/config.ts"),
  },
  {
    name: "completion",
    summary: "print the completion script for a shell",
    group: "setup",
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "complete",
    summary: "answer a shell's question for completions",
    group: "setup",
    load: () => import("./commands/complete.ts"),
    isHidden: true,
  },
];
