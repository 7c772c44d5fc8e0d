import { isAtLeast, type Release } from "./release.ts";

/** A family of content ids: `:agents` by OS type, `:tools` by series. */
export type SampleFamily = "agents" | "tools";
export type SampleStream = "released" | "proposed" | "devel";
export type SampleOs = "ubuntu" | "windows" | "centos";

/** One tarball as it was built: a release for an OS, or for one series only, and an architecture. */
export interface Build {
  readonly release: Release;
  readonly os: SampleOs;
  readonly arch: string;
  /** Relative to the base URL. */
  readonly path: string;
  /** Which products list it, and under which `release`. */
  readonly listings: readonly BuildListing[];
}

interface BuildListing {
  readonly family: SampleFamily;
  readonly productId: string;
  /** OS type or series. */
  readonly release: string;
}

interface Series {
  readonly name: string;
  readonly version: string;
  readonly from: string;
  readonly until: string;
}

/** Ubuntu series for which agents were listed, from first to last year. */
const UBUNTU_SERIES: readonly Series[] = [
  { name: "precise", version: "12.04", from: "2012-04", until: "2017-04" },
  { name: "trusty", version: "14.04", from: "2014-04", until: "2022-04" },
  { name: "xenial", version: "16.04", from: "2016-03", until: "2024-04" },
  { name: "bionic", version: "18.04", from: "2018-04", until: "2026-04" },
  { name: "focal", version: "20.04", from: "2020-04", until: "2030-04" },
  { name: "jammy", version: "22.04", from: "2022-04", until: "2032-04" },
  { name: "noble", version: "24.04", from: "2024-04", until: "2034-04" },
];

/** The first Ubuntu release of the younger architectures. */
const FIRST_SERIES: Readonly<Record<string, string>> = { arm64: "14.04", ppc64el: "14.04", s390x: "16.04" };

const WINDOWS_SERIES = [
  ..."win2008r2 win2012 win2012hv win2012hvr2 win2012r2 win2016 win2016hv win2016nano win2019".split(" "),
  ..."win7 win8 win81 win10".split(" "),
];

/**
 * The tarballs published for one release on one architecture, with their paths and listings.
 * Source: juju-release-tools generate_agents.py, agent_paths.py
 */
export function buildsOf(release: Release, arch: string, oses: readonly SampleOs[]): readonly Build[] {
  if (arch === "s390x" && !isAtLeast(release, "2.0-alpha1")) return [];
  const builds: Build[] = [];
  if (oses.includes("ubuntu")) builds.push(...ubuntuBuilds(release, arch));
  if (arch !== "amd64" || isAtLeast(release, "3.0-alpha1")) return builds;
  if (oses.includes("windows") && isAtLeast(release, "1.21.0")) builds.push(windowsBuild(release, arch));
  if (oses.includes("centos") && isAtLeast(release, "1.24.0")) builds.push(centosBuild(release, arch));
  return builds;
}

function ubuntuBuilds(release: Release, arch: string): readonly Build[] {
  const living = livingSeries(release, arch);
  const series = living.map((one) => listSeries(one.version, one.name, arch));
  const build = { release, os: "ubuntu", arch } as const;
  if (!isAtLeast(release, "2.0-alpha1")) {
    return living.map((one) => ({
      ...build,
      path: pathOf(release, one.name, arch),
      listings: [listSeries(one.version, one.name, arch)],
    }));
  }
  const listings = isAtLeast(release, "2.9-alpha1") ? [listOsType("ubuntu", arch)] : [];
  if (!isAtLeast(release, "3.0-alpha1")) listings.push(...series);
  return [{ ...build, path: pathOf(release, ubuntuWord(release), arch), listings }];
}

/** What the file name calls Ubuntu changed twice. */
function ubuntuWord(release: Release): string {
  if (isAtLeast(release, "2.9.33")) return "linux";
  return isAtLeast(release, "2.4-alpha1") ? "ubuntu" : "xenial";
}

function livingSeries(release: Release, arch: string): readonly Series[] {
  const month = release.publishedAt.toISOString().slice(0, 7);
  const first = FIRST_SERIES[arch] ?? "";
  return UBUNTU_SERIES.filter(
    ({ version, from, until }) => version >= first && from <= month && month < until,
  );
}

function windowsBuild(release: Release, arch: string): Build {
  const listings = isAtLeast(release, "2.9-alpha1") ? [listOsType("windows", arch)] : [];
  listings.push(...WINDOWS_SERIES.map((name) => listSeries(name, name, arch)));
  return { release, os: "windows", arch, path: pathOf(release, "windows", arch), listings };
}

function centosBuild(release: Release, arch: string): Build {
  const hasOsTypes = isAtLeast(release, "2.9-alpha1");
  const listings = hasOsTypes ? [listOsType("centos", arch)] : [];
  listings.push(listSeries("centos7", "centos7", arch));
  const word = hasOsTypes ? "centos" : "centos7";
  return { release, os: "centos", arch, path: pathOf(release, word, arch), listings };
}

function pathOf(release: Release, word: string, arch: string): string {
  const file = `juju-${release.version}-${word}-${arch}.tgz`;
  return isAtLeast(release, "1.25.1") ? `agent/${release.version}/${file}` : `releases/${file}`;
}

function listOsType(osType: string, arch: string): BuildListing {
  return { family: "agents", productId: `com.ubuntu.juju:${osType}:${arch}`, release: osType };
}

function listSeries(version: string, name: string, arch: string): BuildListing {
  return { family: "tools", productId: `com.ubuntu.juju:${version}:${arch}`, release: name };
}

/**
 * The streams that list a release: alpha and beta are devel, candidates are devel and proposed, and the newest final
 * release of a minor (`isNewest`) is still in proposed.
 */
export function streamsOf(release: Release, isNewest: boolean): readonly SampleStream[] {
  if (release.tag === "rc") return ["proposed", "devel"];
  if (release.tag !== "") return ["devel"];
  return isNewest ? ["released", "proposed"] : ["released"];
}
