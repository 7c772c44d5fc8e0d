import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { ARCHES, isArchWord } from "../../juju/arch.ts";
import { isVersion, type JujuVersion, type VersionGeneration } from "../../juju/version.ts";
import { readVersionText } from "../../juju/version-text.ts";
import { BOOTSTRAP_GENERATIONS, MIGRATION_GENERATIONS } from "../../juju/decisions/outcome.ts";
import { bootstrapGenerationOf } from "../../juju/decisions/bootstrap.ts";
import { GENERATIONS, generationOf, versionGenerationOf } from "../../juju/decisions/generation.ts";
import { migrationGenerationOf } from "../../juju/decisions/migrate.ts";
import { readAnyVersion } from "../../juju/decisions/version-pool.ts";
import { readGeneration } from "./generation-name.ts";
import type { QuestionKind, UpgradeAsked, WhichQuestion } from "./which-question.ts";
import type { RawQuestion } from "./question-schema.ts";

type Raw = Readonly<Record<string, unknown>>;

/**
 * The question with its defaults filled in, and every version and arch of it checked. `place` is where it stands.
 * @throws JamError JAM_VERSION_INVALID, JAM_USAGE_INVALID naming the field
 */
export function finishQuestion(kind: QuestionKind, raw: Raw, place: string): WhichQuestion {
  switch (kind) {
    case "upgrade":
      return finishUpgrade(raw as RawQuestion<"upgrade">, place);
    case "bootstrap":
      return finishBootstrap(raw as RawQuestion<"bootstrap">, place);
    case "migrate":
      return finishMigrate(raw as RawQuestion<"migrate">, place);
    case "preferredStreams": {
      const question = raw as RawQuestion<"preferredStreams">;
      checkVersions(question, ["version", "runningVersion"], "v2", place);
      const { development = false, stream } = question;
      return { ...known(question), kind, place, development, stream: stream ?? "" } as WhichQuestion;
    }
    case "newestCompatible":
      checkVersions(raw, ["base", "list"], "v2", place);
      return { ...known(raw), kind, place } as WhichQuestion;
    default:
      return kind satisfies never;
  }
}

function finishUpgrade(written: RawQuestion<"upgrade">, place: string): WhichQuestion {
  const raw = withPlainVersions(written);
  checkArches(raw, ["arches", "nodeArches"], place);
  const controllerVersion = raw.controllerVersion ?? raw.current;
  checkVersions(raw, ["current", "controllerVersion", "client"], "1.25", place);
  const client = raw.client === undefined ? undefined : readAnyVersion(raw.client);
  const running = readAnyVersion(controllerVersion);
  const generation =
    raw.generation === undefined
      ? generationOf(running, client)
      : readGeneration(raw.generation, GENERATIONS, (version) => generationOf(version, client), {
          place: join(place, "generation"),
          running,
        });
  const rules = versionGenerationOf(generation);
  checkVersions({ ...raw, controllerVersion }, VERSIONS_OF_UPGRADE, rules, place);
  checkStreams(raw.streams, rules, place);
  for (const [index, { version }] of (raw.otherModels ?? []).entries()) {
    checkVersion(version, "v2", join(place, `otherModels[${index}].version`));
  }
  return {
    ...known(raw),
    kind: "upgrade",
    place,
    generation,
    controllerVersion,
    modelType: raw.modelType ?? "iaas",
    isController: raw.isController ?? raw.controllerVersion === undefined,
  } as UpgradeAsked;
}

const VERSIONS_OF_UPGRADE = ["current", "controllerVersion", "client", "nodeVersions", "stored", "available"];

function finishBootstrap(written: RawQuestion<"bootstrap">, place: string): WhichQuestion {
  const raw = withPlainVersions(written);
  checkArches(raw, ["arches"], place);
  checkVersions(raw, ["client"], "1.25", place);
  const generation = readOwn(raw, BOOTSTRAP_GENERATIONS, bootstrapGenerationOf, {
    running: raw.client,
    place,
  });
  const rules = generation === "1.25" ? "1.25" : "v2";
  checkVersions(raw, ["client", "available"], rules, place);
  checkStreams(raw.streams, rules, place);
  return {
    ...known(raw),
    kind: "bootstrap",
    place,
    generation,
    autoUpgrade: raw.autoUpgrade ?? false,
    modelType: raw.modelType ?? "iaas",
  } as WhichQuestion;
}

function finishMigrate(written: RawQuestion<"migrate">, place: string): WhichQuestion {
  const raw = withPlainVersions(written);
  checkArches(raw, ["arches"], place);
  const modelVersion = raw.modelVersion ?? raw.sourceController;
  checkVersions(
    { ...raw, modelVersion },
    ["modelVersion", "sourceController", "targetController"],
    "v2",
    place,
  );
  const generation = readOwn(raw, MIGRATION_GENERATIONS, migrationGenerationOf, {
    running: raw.targetController,
    place,
  });
  return { ...known(raw), kind: "migrate", place, modelVersion, generation } as WhichQuestion;
}

function readOwn<Name extends string>(
  raw: { readonly generation?: string | undefined },
  names: readonly Name[],
  generationOf: (version: JujuVersion) => Name,
  { running, place }: { readonly running: string; readonly place: string },
): Name {
  const version = readAnyVersion(running);
  if (raw.generation === undefined) return generationOf(version);
  return readGeneration(raw.generation, names, generationOf, {
    place: join(place, "generation"),
    running: version,
  });
}

/** Without what is absent: the rules tell "absent" from "undefined". */
function known(raw: Raw): Raw {
  return Object.fromEntries(
    Object.entries(raw).filter(([key, value]) => value !== undefined && key !== "kind"),
  );
}

/** Fields that name what runs: there `juju --version` is copied from. */
const RUNNING = [
  "current",
  "controllerVersion",
  "client",
  "modelVersion",
  "sourceController",
  "targetController",
] as const;

/** The question with bare versions where somebody wrote what Juju prints (`3.6.11-ubuntu-amd64`). */
function withPlainVersions<Question extends Raw>(raw: Question): Question {
  const plain = RUNNING.flatMap((field) => {
    const text = raw[field];
    if (typeof text !== "string" || isVersion(text, "1.25")) return [];
    const read = readVersionText(text);
    return read !== undefined && "version" in read ? [[field, read.version] as const] : [];
  });
  return plain.length === 0 ? raw : { ...raw, ...Object.fromEntries(plain) };
}

function checkVersions(raw: Raw, fields: readonly string[], rules: VersionGeneration, place: string): void {
  for (const field of fields) {
    const value = raw[field];
    if (typeof value === "string") checkVersion(value, rules, join(place, field));
    else if (Array.isArray(value)) checkList(value as string[], rules, join(place, field));
  }
}

function checkStreams(
  streams: Readonly<Record<string, readonly string[]>> | undefined,
  rules: VersionGeneration,
  place: string,
): void {
  if (streams === undefined) return;
  for (const name of Object.keys(streams))
    checkList(streams[name] ?? [], rules, join(place, `streams.${name}`));
}

function checkList(texts: readonly string[], rules: VersionGeneration, field: string): void {
  for (let index = 0; index < texts.length; index++) {
    const text = texts[index] as string;
    if (isVersion(text, rules)) continue;
    const at = text.indexOf("@");
    if (at < 0 || !isVersion(text.slice(0, at), rules)) throw invalidVersion(text, `${field}[${index}]`);
  }
}

function checkVersion(text: string, rules: VersionGeneration, field: string): void {
  if (!isVersion(text, rules)) throw invalidVersion(text, field);
}

function invalidVersion(text: string, field: string): JamError {
  return new JamError("JAM_VERSION_INVALID", `${field}: "${printable(text)}" is not a Juju version.`, {
    hint: "Write it as Juju does, for example 3.6.5, 3.6-beta2 or 2.9.42.1; in a document a channel names no version.",
    details: { field, version: text },
  });
}

function checkArches(raw: Raw, fields: readonly string[], place: string): void {
  for (const field of fields) {
    for (const [index, arch] of ((raw[field] as readonly string[] | undefined) ?? []).entries()) {
      if (isArchWord(arch) && (ARCHES as readonly string[]).includes(arch)) continue;
      throw new JamError(
        "JAM_USAGE_INVALID",
        `${join(place, field)}[${index}]: "${arch}" is no architecture.`,
        {
          hint: `Use one of ${ARCHES.join(", ")}.`,
          details: { field: join(place, field), value: arch, choices: ARCHES },
        },
      );
    }
  }
}

function join(place: string, field: string): string {
  return place === "" ? field : `${place}.${field}`;
}
