import {
  DEFAULT_RULE,
  DEFAULT_UPSTREAM,
  type Setting,
  type SettingKey,
  SETTING_LIST,
  SETTINGS,
} from "../../config/settings.ts";
import { wrapText } from "../output/text.ts";

/** What `jam init` lets choose; the rest is the default, written out with its meaning. */
export interface ConfigChoices {
  readonly upstream?: string | undefined;
  /** `builtin`, `none` or a file. */
  readonly keyring?: string | undefined;
  readonly streams?: readonly string[] | undefined;
  readonly arches?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly keys?: string | undefined;
  /** Folder or file with the output of Juju. */
  readonly fleet?: string | undefined;
}

/** A commented settings file. Every value in it is valid; the comments are the descriptions of the settings. */
export function formatConfigText(choices: ConfigChoices): string {
  const { upstream, keyring, streams, arches, data, keys, fleet } = choices;
  const name = upstream === undefined ? DEFAULT_UPSTREAM.name : "upstream";
  return `# Settings of jam, the Juju Agent Mirror. \`jam config validate\` checks this file,
# \`jam config schema --markdown\` explains every key, \`jam config schema\` is for editors.
version: 1

${formatSetting("mode")}
# Relative paths in this file are relative to the folder of the file.
${formatSetting("data", data)}
${formatSetting("keys", keys)}
${formatSetting("site")}
# Sources of agents, in order of preference: an http(s) URL or a folder.
# keyring: builtin is Juju's key, which is part of jam; else a file with OpenPGP public keys.
upstreams:
  - name: ${name}
    url: ${quote(upstream ?? DEFAULT_UPSTREAM.url)}
    keyring: ${quote(keyring ?? DEFAULT_UPSTREAM.keyring)}

${formatSelect(streams ?? [DEFAULT_RULE.stream], arches ?? DEFAULT_RULE.arch)}
${formatSetting("keepRunning", fleet)}
# Agents that are never mirrored, whatever \`select\` says.
deny: []
#  - { version: 3.6.7, reason: "known to break us" }

# What to keep, and for how long.
${formatGroup("retention")}
# How to read from upstream.
${formatGroup("fetch")}
# 127.0.0.1 accepts connections from this machine only. Juju needs 0.0.0.0:8080: connections from the network.
${formatGroup("server")}`;
}

function formatSelect(streams: readonly string[], arches: readonly string[]): string {
  const { versions, os, keep } = DEFAULT_RULE;
  return `# Which agents to mirror: an agent is mirrored if at least one rule selects it and no \`deny\` entry matches it.
# This rule selects a few hundred MB: the newest ${keep} of each minor version that is still in use. All agents
# upstream are 30 to 60 GB. \`jam sync --dry-run\` shows what a rule selects, and the size.
select:
  - stream: ${list(streams)} # released, proposed, testing, devel; also a list
    versions: ${quote(versions)} # a blank means and, || means or; without it: every version
    arch: ${list(arches)} # amd64, arm64, ppc64el, s390x, riscv64
    os: ${list(os)} # of the machines: ubuntu, centos, windows
    keep: ${keep} # only the newest of each major.minor, per architecture; without it: all of them
  # One more rule, for one version:
  # - { stream: released, versions: "3.6.5", arch: ${list(arches)}, os: ${list(os)} }
`;
}

/** A mapping with all its settings. */
function formatGroup(name: string): string {
  const keys = SETTING_LIST.flatMap(([key]) => (key.startsWith(`${name}.`) ? [key] : []));
  return `${name}:\n${keys.map((key) => formatSetting(key, undefined, "  ")).join("")}`;
}

/** The description of a setting as a comment, and its value; without a default an example, commented out. */
function formatSetting(key: SettingKey, chosen?: string, indent = ""): string {
  const setting: Setting = SETTINGS[key];
  const name = key.split(".").at(-1);
  const value = chosen === undefined ? setting.default : quote(chosen);
  const line = value === undefined ? `#${name}: ${setting.example}` : `${name}: ${value}`;
  return `${comment(setting.description, indent)}${indent}${line}\n`;
}

function comment(text: string, indent = ""): string {
  return wrapText(text, `${indent}# `, 100)
    .map((line) => `${line}\n`)
    .join("");
}

function list(values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined ? quote(only) : `[${values.map(quote).join(", ")}]`;
}

/** A YAML scalar: plain where that is safe, else in double quotes, which JSON's are. */
function quote(text: string): string {
  const isPlain = /^[A-Za-z./][A-Za-z0-9._/-]*(?::\/\/?[A-Za-z0-9._/-]+(?::\d+)?[A-Za-z0-9._/-]*)?$/.test(
    text,
  );
  const isWord = /^(?:true|false|null|yes|no|on|off|[0-9.]+)$/i.test(text);
  return isPlain && !isWord ? text : JSON.stringify(text);
}
