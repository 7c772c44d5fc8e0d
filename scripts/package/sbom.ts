import { createHash } from "node:crypto";
import { productionPackages } from "./licences.ts";
import { PackageError, PINNED, runProgram, type Arch } from "./target.ts";

interface Component {
  readonly [field: string]: unknown;
  readonly "bom-ref": string;
  readonly externalReferences?: readonly { readonly type: string }[];
}

interface Bom {
  readonly [field: string]: unknown;
  readonly metadata: { readonly [field: string]: unknown; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

export interface SbomOptions {
  readonly arch: Arch;
  /** False when the system's libraries are used. */
  readonly libraries: boolean;
  /** Seconds since 1970. */
  readonly madeAt: number;
}

/**
 * The CycloneDX document of a package: npm's own of the production packages, with Node and its libraries. The same
 * package gives the same text: its time is that of the package, its serial number comes from its contents.
 */
export async function writeSbom(checkout: string, options: SbomOptions): Promise<string> {
  // With `--omit dev` npm leaves out packages that both the program and a tool of the project use.
  const npm = await runProgram("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], {
    cwd: checkout,
  });
  const bom = JSON.parse(npm) as Bom;
  const { component } = bom.metadata;
  const components = await productionComponents(checkout, bom);
  const refs = new Set([component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
  const document = {
    ...bom,
    serialNumber: undefined,
    metadata: {
      ...bom.metadata,
      // Which npm it was must not matter.
      tools: [{ vendor: "npm", name: "cli" }],
      timestamp: new Date(options.madeAt * 1000).toISOString(),
      component: withoutPlaces({ ...component, name: "juju-agent-mirror", type: "application" }),
    },
    components: [...components.map(withoutPlaces), ...runtimeComponents(options)],
    dependencies: bom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  };
  const serialNumber = uuidOf(JSON.stringify(document));
  return `${JSON.stringify({ ...document, serialNumber }, undefined, 2)}\n`;
}

async function productionComponents(checkout: string, bom: Bom): Promise<Component[]> {
  const wanted = new Set(
    (await productionPackages(checkout)).map(({ name, locked }) => `${name}@${locked.version}`),
  );
  const components = bom.components.filter((component) => wanted.has(component["bom-ref"]));
  const missing = wanted.difference(new Set(components.map((component) => component["bom-ref"])));
  if (missing.size > 0) throw new PackageError(`npm sbom does not list ${[...missing].join(", ")}.`);
  return components;
}

/** Which registry packages came from says something about the machine, not about the package. */
function withoutPlaces(component: Component): Component {
  const { externalReferences = [] } = component;
  return {
    ...component,
    externalReferences: externalReferences.filter(({ type }) => type !== "distribution"),
  };
}

function runtimeComponents({ arch, libraries }: SbomOptions): object[] {
  const { node, libraries: pinned } = PINNED;
  const { package: name, integrity } = node[arch];
  const digest = Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
  const purl = `pkg:npm/${name}@${node.version}`;
  return [
    {
      "bom-ref": `${name}@${node.version}`,
      type: "application",
      name: "node",
      version: node.version,
      purl,
      hashes: [{ alg: "SHA-512", content: digest }],
      licenses: [{ license: { id: "MIT" } }],
    },
    ...(libraries ? pinned[arch] : []).map((library) => ({
      "bom-ref": `${library.package}@${pinned.version}`,
      type: "library",
      name: library.package,
      version: pinned.version,
      purl: `pkg:deb/debian/${encodeURIComponent(library.package)}@${pinned.version}`,
      hashes: [{ alg: "SHA-256", content: library.sha256 }],
      licenses: [{ expression: "GPL-3.0-or-later WITH GCC-exception-3.1" }],
    })),
  ];
}

function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
