/** What is looked for. A check is `ok` where something was looked at and nothing found. */
export const CHECKS = {
  input: "lines that cannot be read",
  mirror: "a mirror that has nothing to serve",
  versions: "versions and architectures that clients want and that are not here",
  came: "controllers that do not come",
  address: "wrong addresses",
  proxy: "proxies and caches in between",
  type: "a Content-Type that Juju refuses",
  age: "clients that are too old for the index",
  clock: "clocks that differ",
  tls: "certificates that are not trusted",
  channels: "channels that nobody reads, or that do not exist",
  answers: "errors, refusals and redirects",
  downloads: "tarballs that break off, or are fetched again and again",
  juju: "other complaints of Juju",
} as const;

export type CheckId = keyof typeof CHECKS;

/** `problem`: something is wrong. `unknown`: it could not be decided. `note`: worth knowing, nothing is wrong. */
export type Severity = "problem" | "unknown" | "note";

/** One kind of finding, for everybody who finds it and for the reference. */
export interface FindingKind {
  readonly check: CheckId;
  readonly severity: Severity;
  /** What it means for clients. */
  readonly means: string;
  /** What to do, where the finding itself does not say more. */
  readonly next: string;
}

/** Every kind of finding of `jam doctor`, by its id. `docs/reference/doctor.md` lists them, and a test compares the two. */
export const FINDING_KINDS = {
  "line-unreadable": {
    check: "input",
    severity: "unknown",
    means: "what these lines say was not looked at",
    next: "open the file at these lines: where another program writes into the same log, they do no harm; where all of it has another format, --log-format names it",
  },
  "log-without-lines": {
    check: "input",
    severity: "unknown",
    means: "nothing is known about what clients ask",
    next: "name the log with the requests, with the rotated files next to it: jam doctor access.log*",
  },
  "log-not-given": {
    check: "input",
    severity: "unknown",
    means: "nothing is known about what clients ask",
    next: "give the log of whatever serves: journalctl -u jam-serve -o cat | jam doctor - (with the Debian package: -u jam)",
  },
  "fleet-unread": {
    check: "input",
    severity: "unknown",
    means: "a part of the fleet was not looked at",
    next: "jam upgraded --explain-files with the same files",
  },
  "mirror-empty": {
    check: "mirror",
    severity: "problem",
    means: "clients find nothing here, and go to the internet",
    next: "jam sync, or jam bundle import on the far side of an air gap",
  },
  "mirror-unread": {
    check: "mirror",
    severity: "unknown",
    means: "what clients asked for was not compared with what is held",
    next: "jam verify",
  },
  "index-missing": {
    check: "mirror",
    severity: "problem",
    means: "clients find no index at the right address, and go to the internet",
    next: "jam verify; where that finds nothing, jam verify --url with the address that controllers have",
  },
  "tarballs-damaged": {
    check: "mirror",
    severity: "problem",
    means: "these agents are not listed or served, and clients go elsewhere for them",
    next: "jam sync fetches them again, on a far side jam repair --from a bundle or another mirror; then jam verify --deep, because the disk may have damaged others",
  },
  "server-trouble": {
    check: "mirror",
    severity: "problem",
    means: "jam serve itself reported it",
    next: "jam verify",
  },
  "agent-not-held": {
    check: "versions",
    severity: "problem",
    means:
      "a controller looks for it on the internet; a new machine asks for it every 15 seconds until it gets it",
    next: "jam explain, with the version",
  },
  "lookup-without-match": {
    check: "versions",
    severity: "problem",
    means:
      "these clients read the index, found nothing in it that they look for and went on to the internet: their agent-stream or architecture is not mirrored, or they are older than 2.9 and only :agents is",
    next: "jam list, and compare with agent-stream, architecture and version of the model",
  },
  "lookup-without-download": {
    check: "versions",
    severity: "note",
    means:
      "clients read the list of agents and took none. Regular checks of controllers look like this, and so does a controller whose version is not held. The log cannot tell them apart, what Juju says can",
    next: "jam doctor --juju with the debug-log of the controller, or with the output of the command that failed",
  },
  "no-match-told": {
    check: "versions",
    severity: "problem",
    means: "Juju found no agent for what it wanted, here and elsewhere",
    next: "jam list, and jam lookup with the version that the model wants",
  },
  "went-to-internet": {
    check: "versions",
    severity: "problem",
    means:
      "Juju did not find it here and asked streams.canonical.com; without a way there it fails after minutes",
    next: "jam lookup with the version that the model wants: it shows where this mirror ends the search",
  },
  "local-agent": {
    check: "versions",
    severity: "problem",
    means: "bootstrap found no agent here and used the one of its own machine",
    next: "jam lookup with the version of the client",
  },
  "nothing-newer": {
    check: "versions",
    severity: "unknown",
    means:
      "Juju says so where nothing newer is listed, where the version that was asked for is not, and where agent-metadata-url is not set on that model",
    next: "jam which --current with the version that runs shows what Juju should answer here; juju model-config agent-metadata-url shows the address",
  },
  "never-came": {
    check: "came",
    severity: "problem",
    means:
      "no client is using this mirror: agent-metadata-url is not set, names another address, or a firewall is in between",
    next: "jam connect, then on a controller: curl -sS ADDRESS/streams/v1/index2.json",
  },
  "controller-never-came": {
    check: "came",
    severity: "problem",
    means: "a machine controller looks for agents every six hours; this one does not use the mirror",
    next: "juju model-config -m CONTROLLER:controller agent-metadata-url, and set it as jam connect prints",
  },
  "controller-not-told": {
    check: "came",
    severity: "unknown",
    means:
      "the files do not say which addresses this controller has, so its requests cannot be told from others",
    next: "add the output of juju show-controller --format json",
  },
  "address-doubled": {
    check: "address",
    severity: "problem",
    means: "agent-metadata-url has one /tools too many; clients find nothing and go to the internet",
    next: "juju model-config agent-metadata-url, without the last /tools: jam connect prints the right one",
  },
  "address-wrong": {
    check: "address",
    severity: "problem",
    means: "agent-metadata-url has a wrong path; clients find nothing there and go to the internet",
    next: "jam connect prints the right address",
  },
  "mirror-unreachable": {
    check: "address",
    severity: "problem",
    means: "Juju gets no answer at this address",
    next: "check the address, the server and the firewalls in between; jam verify --url with this address",
  },
  "proxy-forward": {
    check: "proxy",
    severity: "problem",
    means:
      "clients reach the mirror through an HTTP proxy, which may cache, change or refuse what it passes on, and stops them when it is down",
    next: "put the host of the mirror into no-proxy and juju-no-proxy of the models",
  },
  "proxy-cache": {
    check: "proxy",
    severity: "problem",
    means:
      "Juju sends no conditional requests: a cache is in between, and decides when clients see a new index",
    next: "jam verify --url with the address that controllers have: it finds a stale cache",
  },
  "proxy-reverse": {
    check: "proxy",
    severity: "note",
    means: "a web server passes requests on; fine where it is yours, as jam nginx-config sets it up",
    next: "jam verify --url with the address that controllers have",
  },
  "many-behind-one": {
    check: "proxy",
    severity: "note",
    means:
      "several generations of Juju come from one address: a proxy or NAT is in between, and the log cannot tell them apart",
    next: "read the log of what is in between, too: jam doctor takes several files",
  },
  "not-juju": {
    check: "proxy",
    severity: "note",
    means: "no Juju client sends such requests; people, monitors or scanners do",
    next: "nothing, where you know who it is",
  },
  "type-refused": {
    check: "type",
    severity: "problem",
    means: "controllers of Juju 4 refuse the tarball, and ask for it again without end",
    next: "jam verify --url with the address that controllers have; set the type as jam nginx-config does",
  },
  "client-too-old": {
    check: "age",
    severity: "problem",
    means: "these clients look for an index that the mirror does not have, so they find nothing here",
    next: "look whether agents of that age are mirrored: jam list --release xenial, and jam explain with the version",
  },
  "client-old": {
    check: "age",
    severity: "note",
    means: "clients before Juju 2.9 read :tools, by series; they find what is listed there",
    next: "keep :tools in the mirror as long as they run",
  },
  "clock-log": {
    check: "clock",
    severity: "problem",
    means:
      "the log has times that have not come yet: the clock of the server that wrote it is ahead, or this one is behind",
    next: "timedatectl on both machines; start chrony or systemd-timesyncd",
  },
  "clock-jump": {
    check: "clock",
    severity: "problem",
    means: "the times of the log go back: the clock of the server was set while it ran",
    next: "timedatectl on the server; start chrony or systemd-timesyncd",
  },
  "clock-store": {
    check: "clock",
    severity: "problem",
    means:
      "a snapshot was served before it was made: the clocks of the machines that sync and that serve differ",
    next: "timedatectl on both machines; start chrony or systemd-timesyncd",
  },
  "clock-client": {
    check: "clock",
    severity: "problem",
    means: "the clock of that machine is wrong, so it takes valid certificates for expired or not yet valid",
    next: "juju ssh to the machine, timedatectl, and start chrony or systemd-timesyncd",
  },
  "clock-server": {
    check: "clock",
    severity: "problem",
    means: "the clock of the web server and the one of this machine differ",
    next: "timedatectl on both machines; start chrony or systemd-timesyncd",
  },
  "tls-untrusted": {
    check: "tls",
    severity: "problem",
    means: "the machine does not trust the certificate; Juju has no setting for a CA here",
    next: "install the CA on clients, controllers and images of new machines (update-ca-certificates), or serve plain HTTP",
  },
  "tls-name": {
    check: "tls",
    severity: "problem",
    means: "the certificate is for another name than the one in agent-metadata-url",
    next: "use a name that the certificate has, or issue one with this name in its SANs",
  },
  "tls-expired": {
    check: "tls",
    severity: "problem",
    means: "the certificate has expired, or is not valid yet",
    next: "renew the certificate of the web server, and reload it",
  },
  "tls-mixed": {
    check: "tls",
    severity: "problem",
    means:
      "one side speaks TLS and the other one plain HTTP: the address has https for a port of http, or the other way round",
    next: "correct the scheme in agent-metadata-url: jam connect. jam serve speaks plain HTTP",
  },
  "tls-failed": {
    check: "tls",
    severity: "problem",
    means: "the TLS handshake failed",
    next: "openssl s_client -connect HOST:PORT from that machine shows what the server offers",
  },
  "channel-unread": {
    check: "channels",
    severity: "problem",
    means:
      "nobody asked for this channel, although controllers look every six hours: they use another address",
    next: "jam connect --channel prints how controllers use it; jam channel delete, where nobody needs it",
  },
  "channel-missing": {
    check: "channels",
    severity: "problem",
    means: "clients ask for a channel that does not exist, find nothing and go to the internet",
    next: "jam channel list",
  },
  "channel-empty": {
    check: "channels",
    severity: "problem",
    means: "clients ask for a channel to which nothing was promoted yet, and go to the internet",
    next: "jam channel promote, with its name and a reason",
  },
  "server-error": {
    check: "answers",
    severity: "problem",
    means: "Juju from 2.9 on gives up on this address, or tries three times and gives up",
    next: "jam status and jam verify; then the log of the server in front",
  },
  "request-refused": {
    check: "answers",
    severity: "problem",
    means: "something in front wants a password or refuses these clients; Juju gives up on this address",
    next: "let the server answer everybody, with 404 for what is missing: jam nginx-config",
  },
  "other-mirror-failed": {
    check: "answers",
    severity: "problem",
    means:
      "another jam mirror or cache has this one as its upstream and did not get what it asked for: its syncs are incomplete or fail",
    next: "jam status and jam verify here; jam check on that mirror shows what it sees",
  },
  "other-mirror": {
    check: "answers",
    severity: "note",
    means: "another jam mirror or cache has this one as its upstream; it is not counted as a controller",
    next: "nothing, where you know who it is",
  },
  redirected: {
    check: "answers",
    severity: "problem",
    means: "new controller machines do not follow redirects, and take the page for the tarball",
    next: "give controllers the final address: jam connect",
  },
  "signed-face-incomplete": {
    check: "answers",
    severity: "problem",
    means:
      "/upstream/tools answers only while everything that upstream lists is held; clients go to the internet",
    next: "use the address that ends in /tools: jam connect",
  },
  "not-metadata": {
    check: "answers",
    severity: "problem",
    means: "Juju got something other than metadata: an error page, a captive portal or another server",
    next: "jam verify --url with this address",
  },
  "signed-by-other": {
    check: "answers",
    severity: "note",
    means:
      "Juju accepts signatures of its own key only, and otherwise reads the unsigned index; signatures of other keys have no effect",
    next: "let the server answer 404 for .sjson: jam nginx-config",
  },
  "download-broken": {
    check: "downloads",
    severity: "problem",
    means: "the download ended early; Juju begins again at the first byte",
    next: "look at timeouts and limits of what is in between; jam verify --url with the address that controllers have",
  },
  "download-repeated": {
    check: "downloads",
    severity: "problem",
    means:
      "the same client fetched the same tarball again and again: it refuses what it gets. Juju 4 does so for a wrong Content-Type, others for a wrong hash",
    next: "jam verify --url --deep with the address that controllers have, and jam doctor --juju with the debug-log of that controller",
  },
  "download-altered": {
    check: "downloads",
    severity: "problem",
    means: "Juju got other bytes than the index says, and refused them",
    next: "jam verify --deep; where that finds nothing, jam verify --url --deep with the address that controllers have",
  },
  "juju-refused": {
    check: "juju",
    severity: "problem",
    means: "Juju refused the upgrade for a reason that is not about agents",
    next: "jam plan --fleet with the files of the fleet: it shows this check and its remedy",
  },
  "other-source": {
    check: "juju",
    severity: "note",
    means: "Juju asks another service, for images, charms, snaps or OCI images; jam mirrors agents only",
    next: "jam plan --procedure names the charms, snaps and images that a hop needs",
  },
  "message-unknown": {
    check: "juju",
    severity: "unknown",
    means: "jam does not know this message of Juju: it may be the cause, or have nothing to do with agents",
    next: "read what Juju says in these lines; where it names an address or a version, jam verify --url and jam lookup show what a client finds there",
  },
  "juju-without-words": {
    check: "juju",
    severity: "unknown",
    means: "nothing of what Juju says was looked at",
    next: "juju debug-log -m controller --replay --no-tail > juju.log, then jam doctor juju.log",
  },
} as const satisfies Record<string, FindingKind>;

export type FindingId = keyof typeof FINDING_KINDS;
