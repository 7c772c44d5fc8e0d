import { basename, dirname, join } from "node:path";
import { shellCommand, type ShellCommand } from "../../shared/shell-command.ts";

/** What a unit or a crontab has to name, all paths absolute. */
export interface InstallPlace {
  /** What starts this jam: its executable, or Node and a script. */
  readonly program: readonly string[];
  readonly config: string;
  readonly data: string;
  /** True in the Debian package, which creates the user and the folders and has manual pages. */
  readonly isPackaged?: boolean;
}

/** A file of `jam init --systemd` or `--cron`. */
export interface WrittenFile {
  readonly name: string;
  readonly text: string;
}

/** Units for systemd: a timer that starts the sync, and the server. */
export function formatSystemdUnits(place: InstallPlace): WrittenFile[] {
  return [
    { name: "jam-sync.service", text: syncService(place) },
    { name: "jam-sync.timer", text: SYNC_TIMER },
    { name: "jam-serve.service", text: serveService(place) },
  ];
}

/** A line for cron. `minute` distributes mirrors over the hour, so that not all contact upstream at the same time. */
export function formatCrontab(place: InstallPlace, minute: number): WrittenFile {
  const { program, config } = place;
  const command = shellCommand`${program} --config ${config} sync --quiet`;
  return {
    name: "jam.cron",
    text: `# Syncs every night. On success nothing is printed, so no mail is sent.
# Exit status: 3 some agents are missing, 4 trust, 6 another run is in progress, 8 no space, 9 upstream not usable;
# \`jam help exit-codes\` explains all, \`jam status\` shows the last runs.
${minute} 3 * * * ${command.replaceAll("%", String.raw`\%`)}
`,
  };
}

const SYNC_TIMER = `# When to sync. Start it with: systemctl enable --now jam-sync.timer
[Unit]
Description=Sync the Juju agent mirror every night

[Timer]
OnCalendar=*-*-* 03:00:00
# So that not all mirrors contact upstream in the same minute.
RandomizedDelaySec=30min
# Runs missed while the machine was off are made up.
Persistent=true

[Install]
WantedBy=timers.target
`;

function syncService(place: InstallPlace): string {
  return `# One sync of the mirror; jam-sync.timer starts it.
[Unit]
Description=Sync the Juju agent mirror
${documentation("jam-sync", place)}Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
${account(place)}
ExecStart=${unitWords([...place.program, "sync", "--progress", "none"])}
# A slow line is no failure: jam itself gives up a connection that stays silent.
TimeoutStartSec=infinity
# 6: another run is at it already, 130: it was stopped. Not listed on purpose, so that they count as failures:
# 3 some agents are missing, 4 trust, 8 no space, 9 upstream not usable (\`jam help exit-codes\`).
SuccessExitStatus=6 130
Nice=10
IOSchedulingClass=idle
${hardening(place)}
`;
}

function serveService(place: InstallPlace): string {
  return `# The mirror's web server. Set server.listen in the settings to 0.0.0.0:8080 for others to reach it.
[Unit]
Description=Serve the Juju agent mirror
${documentation("jam-serve", place)}Wants=network-online.target
After=network-online.target

[Service]
Type=exec
${account(place)}
ExecStart=${unitWords([...place.program, "serve"])}
Restart=on-failure
RestartSec=2
# A second start would not help against wrong usage or settings (2).
RestartPreventExitStatus=2
# SIGTERM lets running downloads finish for up to 30 seconds.
TimeoutStopSec=45
LimitNOFILE=65536
# A port below 1024 needs: AmbientCapabilities=CAP_NET_BIND_SERVICE and the same in CapabilityBoundingSet.
${hardening(place)}

[Install]
WantedBy=multi-user.target
`;
}

function documentation(page: string, { isPackaged = false }: InstallPlace): string {
  return isPackaged ? `Documentation=man:${page}(1) man:jam.yaml(5)\n` : "";
}

function account({ config, data, isPackaged = false }: InstallPlace): string {
  const creation = isPackaged
    ? "."
    : `:
#   useradd --system --no-create-home --shell /usr/sbin/nologin jam
#   ${shellCommand`install -d -o jam -g jam ${data}`}`;
  return `# Both services run as this user, which owns the mirror's folder${creation}
User=jam
Group=jam
Environment=${unitWord(`JAM_CONFIG=${config}`)}
# Cache of jam.
CacheDirectory=jam
Environment=XDG_CACHE_HOME=/var/cache/jam
# Behind a proxy: Environment=HTTPS_PROXY=http://proxy:3128 NO_PROXY=localhost`;
}

function hardening({ program, config, data }: InstallPlace): string {
  const isInHome = [...program, config, data].some((path) => /^\/(?:home|root|run\/user)\//.test(path));
  const home = isInHome
    ? "# Files of jam are in a home directory; move them to /opt, /etc and /srv, then set this to yes.\nProtectHome=read-only"
    : "ProtectHome=yes";
  return `# Only the mirror's folder is writable.
ProtectSystem=strict
ReadWritePaths=${unitWord(data)}
${home}
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0022`;
}

/** A command line, in which $ would start a variable. Source: systemd.service(5) "Command lines". */
function unitWords(words: readonly string[]): string {
  return words.map((word) => unitWord(word.replaceAll("$", "$$$$"))).join(" ");
}

/** Quotes around blanks, and % doubled, which would start a specifier. Source: systemd.syntax(7), systemd.unit(5). */
function unitWord(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll(/["\\]/g, String.raw`\$&`);
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}

/** The way in which the files in `folder` are put to use, as shell commands. */
export function installCommands(
  kind: "systemd" | "cron",
  folder: string,
  { config, data }: InstallPlace,
): ShellCommand[] {
  const file = (name: string) => join(folder, name);
  if (kind === "cron") return [shellCommand`(crontab -l 2>/dev/null; cat ${file("jam.cron")}) | crontab -`];
  const units = ["jam-sync.service", "jam-sync.timer", "jam-serve.service"].map(file);
  return [
    shellCommand`sudo useradd --system --no-create-home --shell /usr/sbin/nologin jam`,
    shellCommand`sudo install -d -o jam -g jam ${data}`,
    shellCommand`sudo cp ${units} /etc/systemd/system/`,
    shellCommand`sudo systemctl daemon-reload`,
    shellCommand`sudo systemctl enable --now jam-sync.timer jam-serve.service`,
    shellCommand`# the user jam has to be able to read ${basename(config)} in ${dirname(config)}`,
  ];
}
