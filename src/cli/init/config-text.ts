import { DEFAULTS } from "../../config/defaults.ts";

/** What `jam init` lets choose; the rest is the default, written out with its meaning. */
export interface ConfigChoices {
  readonly upstream?: string | undefined;
  /** `builtin`, `none` or a file. */
  readonly keyring?: string | undefined;
  readonly streams?: readonly string[] | undefined;
  readonly arches?: readonly string[] | undefined;
  readonly data?: string | undefined;
}

/** A commented settings file. Every value in it is valid, and a comment shows what else may stand there. */
export function formatConfigText({ upstream, keyring, streams, arches, data }: ConfigChoices): string {
  const [rule] = DEFAULTS.select;
  const [canonical] = DEFAULTS.upstreams;
  const name = upstream === undefined ? canonical.name : "upstream";
  return `# Settings of jam, the Juju Agent Mirror. \`jam config validate\` checks this file,
# \`jam config schema --markdown\` explains every key, \`jam config schema\` is for editors.
version: 1

# offline: no outbound call is made; each one that would be needed is refused by name.
mode: ${DEFAULTS.mode}

# The mirror's folder. Relative paths in this file start at the file's own folder.
data: ${quote(data ?? DEFAULTS.data)}

# Keys that sign and verify what is carried over an air gap; not below \`data\`, which web servers may show.
keys: ${DEFAULTS.keys}

# Name of this side in receipts.
#site: plant-7

# Where agents come from, in order of preference: an http(s) URL or a folder.
# keyring: builtin is the Juju key that is part of jam; else a file with OpenPGP public keys.
upstreams:
  - name: ${name}
    url: ${quote(upstream ?? canonical.url)}
    keyring: ${quote(keyring ?? canonical.keyring)}

# Which agents are wanted: an agent is taken when one rule takes it and no \`deny\` names it.
# This rule takes some hundred MB: the newest ${rule.keep} of each minor that is still in use. All that upstream
# holds is some 30 to 60 GB. \`jam sync --dry-run\` shows what a rule takes and how much it is.
select:
  - stream: ${list(streams ?? [rule.stream])} # released, proposed, testing, devel; also a list
    versions: ${quote(rule.versions)} # blanks mean and, || means or; left out: every version
    arch: ${list(arches ?? rule.arch)} # amd64, arm64, ppc64el, s390x, riscv64
    os: ${list(rule.os)} # what the machines run: ubuntu, centos, windows
    keep: ${rule.keep} # only the newest of each major.minor, for each architecture; left out: all of them
  # What your controllers and models run today may be older than that, and new machines ask for it:
  # - { stream: released, versions: "3.6.5", arch: ${list(arches ?? rule.arch)}, os: ${list(rule.os)} }

# What is never mirrored, whichever rule takes it.
deny: []
#  - { version: 3.6.7, reason: "known to break us" }

# What is kept. grace: a client holds the URL of a tarball for minutes to hours.
# maxRemoval: when more than this share vanishes upstream at once, a sync refuses it.
retention:
  snapshots: ${DEFAULTS.retention.snapshots}
  grace: ${DEFAULTS.retention.grace}
  maxRemoval: ${DEFAULTS.retention.maxRemoval}
#  quota: 80GiB

# How upstream is read.
fetch:
  jobs: ${DEFAULTS.fetch.jobs}
  idleTimeout: ${DEFAULTS.fetch.idleTimeout}
  retries: ${DEFAULTS.fetch.retries}
#  limitRate: 20MiB      # bytes per second over all connections
#  caFile: company-ca.pem

# 127.0.0.1 answers this machine alone. 0.0.0.0:8080 answers the network, as Juju needs it.
server:
  listen: ${DEFAULTS.server.listen}
`;
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
