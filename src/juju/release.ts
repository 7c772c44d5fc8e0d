/** OS types, the `release` of agents since 2.9. Source: juju core/os/ostype, core/series AllWorkloadOSTypes (2.9). */
export const OS_TYPES = [
  "ubuntu",
  "centos",
  "genericlinux",
  "kubernetes",
  "opensuse",
  "windows",
  "osx",
] as const;

export type OsType = (typeof OS_TYPES)[number];

/** One series, the `release` of agents up to 2.8. */
export interface Series {
  readonly name: string;
  readonly os: OsType;
  /** Its word in product ids: `com.ubuntu.juju:20.04:amd64`. */
  readonly version: string;
}

const UBUNTU_SERIES = {
  warty: "4.10",
  hoary: "5.04",
  breezy: "5.10",
  dapper: "6.06",
  edgy: "6.10",
  feisty: "7.04",
  gutsy: "7.10",
  hardy: "8.04",
  intrepid: "8.10",
  jaunty: "9.04",
  karmic: "9.10",
  lucid: "10.04",
  maverick: "10.10",
  natty: "11.04",
  oneiric: "11.10",
  precise: "12.04",
  quantal: "12.10",
  raring: "13.04",
  saucy: "13.10",
  trusty: "14.04",
  utopic: "14.10",
  vivid: "15.04",
  wily: "15.10",
  xenial: "16.04",
  yakkety: "16.10",
  zesty: "17.04",
  artful: "17.10",
  bionic: "18.04",
  cosmic: "18.10",
  disco: "19.04",
  eoan: "19.10",
  focal: "20.04",
  groovy: "20.10",
  hirsute: "21.04",
  impish: "21.10",
  jammy: "22.04",
  kinetic: "22.10",
  lunar: "23.04",
  mantic: "23.10",
  noble: "24.04",
  oracular: "24.10",
  plucky: "25.04",
  questing: "25.10",
  resolute: "26.04",
} as const;

/** Series whose version word is their own name, except where it is given. */
const OTHER_SERIES: Readonly<Partial<Record<OsType, readonly (string | readonly [string, string])[]>>> = {
  centos: ["centos7", "centos8", "centos9"],
  opensuse: [["opensuseleap", "opensuse42"]],
  genericlinux: ["genericlinux"],
  kubernetes: ["kubernetes"],
  windows: [
    "win2008r2",
    "win2012",
    "win2012hv",
    "win2012hvr2",
    "win2012r2",
    "win2016",
    "win2016hv",
    "win2016nano",
    "win2019",
    "win7",
    "win8",
    "win81",
    "win10",
  ],
};

const SERIES: ReadonlyMap<string, Series> = new Map([
  ...Object.entries(UBUNTU_SERIES).map(([name, version]) => entry(name, "ubuntu", version)),
  ...Object.entries(OTHER_SERIES).flatMap(([os, names]) =>
    names.map((one) => (typeof one === "string" ? entry(one, os, one) : entry(one[0], os, one[1]))),
  ),
]);

/** Every series of the table by name, Ubuntu's first. */
export const SERIES_NAMES: readonly string[] = [...SERIES.keys()];

/**
 * The series of that name, or undefined for one that is not in the table (a newer Ubuntu, for example).
 * Source: juju/os series/supportedseries.go SeriesVersion, GetOSFromSeries; Ubuntu's distro-info for the later ones.
 */
export function findSeries(name: string): Series | undefined {
  return SERIES.get(name);
}

/**
 * The series of one of Juju's bases: `ubuntu` `22.04/stable` is jammy, `centos` `7` is centos7; undefined for one
 * that is not in the table. Source: juju core/base/base.go, core/series/base.go @2.9 branch
 */
export function findSeriesOfBase(os: string, channel: string): Series | undefined {
  const [track = ""] = channel.split("/");
  const isBase = (one: Series) => one.os === os && (one.version === track || one.version === `${os}${track}`);
  return SERIES.values().find(isBase);
}

/** Series next to Ubuntu's whose operating system 1.25 knew; macOS counts from Darwin 5 to 16. */
const JUJU_1_SERIES: ReadonlySet<string> = new Set(
  (
    "arch centos7 win7 win8 win81 win10 win2012 win2012r2 win2012hv win2012hvr2 " +
    "puma jaguar panther tiger leopard snowleopard lion mountainlion mavericks yosemite " +
    "elcapitan sierra"
  ).split(" "),
);

/**
 * True for a series whose operating system Juju 1.x knew: Ubuntu's from precise on (it reads later ones from the
 * machine's distro-info) and a list of others. Source: juju version/supportedseries.go, osversion.go (1.25).
 */
export function isSeriesOfJuju1(name: string): boolean {
  const series = SERIES.get(name);
  return series?.os === "ubuntu" ? Number(series.version) >= 12.04 : JUJU_1_SERIES.has(name);
}

/** True for `ubuntu`, `centos` and the other OS types. */
export function isOsType(text: string): text is OsType {
  return (OS_TYPES as readonly string[]).includes(text);
}

/** A word that can name a series or an OS type; also one that no Juju knows yet. */
const RELEASE_WORD = /^[a-z0-9][a-z0-9.]{0,40}$/;

/** True when the text can be a release in an agent's name. */
export function isReleaseWord(text: string): boolean {
  return RELEASE_WORD.test(text);
}

/** Ubuntu's numbers, by which an unknown series is recognised as Ubuntu's. */
const UBUNTU_NUMBER = /^\d{1,2}\.(?:04|06|10)$/;

/**
 * The OS type of an agent's release. A series that is not in the table is Ubuntu's when its product carries one of
 * Ubuntu's numbers (`com.ubuntu.juju:26.10:amd64`).
 * @returns undefined when neither decides it
 */
export function osTypeOf(release: string, productId?: string): OsType | undefined {
  if (isOsType(release)) return release;
  const series = SERIES.get(release);
  if (series !== undefined) return series.os;
  return UBUNTU_NUMBER.test(productId?.split(":")[1] ?? "") ? "ubuntu" : undefined;
}

function entry(name: string, os: string, version: string): [string, Series] {
  return [name, { name, os: os as OsType, version }];
}
