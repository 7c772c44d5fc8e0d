import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { ARCHES, isArch, type Arch } from "../../juju/platform.ts";
import {
  GENERATIONS,
  generationOf,
  versionGenerationOf,
  BOOTSTRAP_GENERATIONS,
  bootstrapGenerationOf,
  MIGRATION_GENERATIONS,
  migrationGenerationOf,
  readGeneration,
} from "../../juju/decisions/generation.ts";
import { readRequestedBinary, readRequestedVersion, type StreamLists } from "../../juju/decisions/request.ts";
import {
  readAnyVersion,
  readListedVersion,
  readVersion,
  VersionList,
  type ListedVersion,
} from "../../juju/decisions/version-list.ts";
import { isVersion, type JujuVersion, type VersionGeneration } from "../../juju/version.ts";
import type { RawQuestion } from "./question-schema.ts";
import type {
  BootstrapQuestion,
  MigrationQuestion,
  NewestQuestion,
  QuestionKind,
  StreamsQuestion,
  UpgradeQuestion,
  WhichQuestion,
} from "./which-question.ts";

/** What depends on how a question was written: in a document, or as flags. */
export interface QuestionSource {
  /** See `QuestionCommon.place`. */
  readonly place: string;
  /** The field as it is called where it was written. */
  readonly nameOf: (field: string) => string;
  /** The bare version that a text names for something that runs; `3.6.11-ubuntu-amd64` is one. */
  readonly plainVersion: (text: string, name: string) => string;
  /** The text that Juju would be given as `--agent-version`. */
  readonly requestedText: (text: string, name: string) => string;
  /** What there is to report about versions read so far. */
  readonly notes: readonly string[];
}

/** How a question of each kind is read whose shape is right. */
const READERS: {
  readonly [Kind in QuestionKind]: (raw: RawQuestion<Kind>, source: QuestionSource) => WhichQuestion;
} = {
  upgrade: readUpgrade,
  bootstrap: readBootstrap,
  migrate: readMigration,
  preferredStreams: readStreams,
  newestCompatible: readNewest,
};

/**
 * The question in `raw`, which has the shape of its kind: the defaults are filled in, and every version and arch is read. The
 * schemas of the shapes are not imported here: they take longer to load than a question to answer.
 * @throws JamError JAM_VERSION_INVALID, JAM_USAGE_INVALID naming the field as `source` does
 */
export function readQuestion(kind: QuestionKind, raw: unknown, source: QuestionSource): WhichQuestion {
  const read = READERS[kind] as (raw: unknown, source: QuestionSource) => WhichQuestion;
  return read(raw, source);
}

function readUpgrade(raw: RawQuestion<"upgrade">, source: QuestionSource): UpgradeQuestion {
  const arches = readArches(raw.arches, "arches", source);
  const nodeArches = readArches(raw.nodeArches, "nodeArches", source);
  const current = new RunningVersion(raw.current, "current", source);
  const controller = runningOr(raw.controllerVersion, "controllerVersion", source) ?? current;
  const client = runningOr(raw.client, "client", source);
  const running = controller.any();
  const generationFor = (version: JujuVersion) => generationOf(version, client?.any());
  const generation =
    raw.generation === undefined
      ? generationFor(running)
      : readGeneration(raw.generation, GENERATIONS, generationFor, {
          place: source.nameOf("generation"),
          running,
        });
  const rules = versionGenerationOf(generation);
  const fields = new FieldReader(source, rules);
  const requested = requestedText(raw.requested, source);
  return {
    kind: "upgrade",
    id: raw.id,
    place: source.place,
    generation,
    current: current.by(rules),
    controller: controller.by(rules),
    client: (client ?? controller).by(rules),
    nodeVersions: fields.versions(raw.nodeVersions, "nodeVersions") ?? [controller.by(rules)],
    stored: fields.list(raw.stored, "stored") ?? VersionList.EMPTY,
    lists: fields.lists(raw),
    otherModels: (raw.otherModels ?? []).map(({ name, version }, index) => ({
      name,
      version: readNamed(version, "v2", source.nameOf(`otherModels[${index}].version`)),
    })),
    registryTags: tagsOf(raw.registryTags),
    requested: requested === undefined ? undefined : readRequestedVersion(requested, rules),
    modelType: raw.modelType ?? "iaas",
    isController: raw.isController ?? raw.controllerVersion === undefined,
    stream: raw.stream ?? "",
    configStream: raw.configStream ?? "",
    development: raw.development ?? false,
    localAgent: raw.localAgent,
    unsupportedMachines: raw.unsupportedMachines ?? 0,
    arches,
    nodeArches,
    safe: raw.safe ?? false,
    notes: source.notes,
  };
}

function readBootstrap(raw: RawQuestion<"bootstrap">, source: QuestionSource): BootstrapQuestion {
  const arches = readArches(raw.arches, "arches", source);
  const client = new RunningVersion(raw.client, "client", source);
  const generation = readOwnGeneration(raw.generation, BOOTSTRAP_GENERATIONS, bootstrapGenerationOf, {
    source,
    running: client.any(),
  });
  const rules = generation === "1.25" ? "1.25" : "v2";
  const requested = requestedText(raw.requested, source);
  return {
    kind: "bootstrap",
    id: raw.id,
    place: source.place,
    generation,
    client: client.by(rules),
    lists: new FieldReader(source, rules).lists(raw),
    requested: requested === undefined ? undefined : readRequestedBinary(requested, rules),
    autoUpgrade: raw.autoUpgrade ?? false,
    modelType: raw.modelType ?? "iaas",
    configStream: raw.configStream ?? "",
    development: raw.development ?? false,
    arches,
    safe: raw.safe ?? false,
    notes: source.notes,
  };
}

function readMigration(raw: RawQuestion<"migrate">, source: QuestionSource): MigrationQuestion {
  const arches = readArches(raw.arches, "arches", source);
  const sourceController = new RunningVersion(raw.sourceController, "sourceController", source);
  const model = runningOr(raw.modelVersion, "modelVersion", source) ?? sourceController;
  const versions = {
    model: model.by("v2"),
    sourceController: sourceController.by("v2"),
    targetController: new RunningVersion(raw.targetController, "targetController", source).by("v2"),
  };
  const generation = readOwnGeneration(raw.generation, MIGRATION_GENERATIONS, migrationGenerationOf, {
    source,
    running: versions.targetController,
  });
  return {
    kind: "migrate",
    id: raw.id,
    place: source.place,
    generation,
    ...versions,
    arches,
    notes: source.notes,
  };
}

function readStreams(raw: RawQuestion<"preferredStreams">, source: QuestionSource): StreamsQuestion {
  const running = readNamed(raw.runningVersion, "v2", source.nameOf("runningVersion"));
  const { development = false, id, stream, version } = raw;
  return {
    kind: "preferredStreams",
    id,
    place: source.place,
    version:
      version === undefined || version === null
        ? running
        : readNamed(version, "v2", source.nameOf("version")),
    development,
    stream: stream ?? "",
    notes: source.notes,
  };
}

function readNewest(raw: RawQuestion<"newestCompatible">, source: QuestionSource): NewestQuestion {
  return {
    kind: "newestCompatible",
    id: raw.id,
    place: source.place,
    base: readNamed(raw.base, "v2", source.nameOf("base")),
    list: new FieldReader(source, "v2").versions(raw.list, "list") ?? [],
    notes: source.notes,
  };
}

/** The version of something that runs. Which rules read it may depend on the version itself. */
class RunningVersion {
  readonly #text: string;
  readonly #name: string;

  constructor(text: string, field: string, source: QuestionSource) {
    this.#name = source.nameOf(field);
    this.#text = source.plainVersion(text, this.#name);
  }

  /** By the rules of 2.0 and later, or else by those of 1.x. */
  any(): JujuVersion {
    if (!isVersion(this.#text, "1.25")) throw invalidVersion(this.#text, this.#name);
    return readAnyVersion(this.#text);
  }

  by(rules: VersionGeneration): JujuVersion {
    return readNamed(this.#text, rules, this.#name);
  }
}

function runningOr(
  text: string | undefined,
  field: string,
  source: QuestionSource,
): RunningVersion | undefined {
  return text === undefined ? undefined : new RunningVersion(text, field, source);
}

function requestedText(text: string | null | undefined, source: QuestionSource): string | undefined {
  if (text === undefined || text === null || text === "") return undefined;
  return source.requestedText(text, source.nameOf("requested"));
}

interface OwnLists {
  readonly available?: readonly string[] | undefined;
  readonly streams?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Reads lists of versions by one generation's rules. */
class FieldReader {
  readonly #source: QuestionSource;
  readonly #rules: VersionGeneration;

  constructor(source: QuestionSource, rules: VersionGeneration) {
    this.#source = source;
    this.#rules = rules;
  }

  versions(texts: readonly string[] | undefined, field: string): readonly JujuVersion[] | undefined {
    const { nameOf } = this.#source;
    return texts?.map((text, index) => readNamed(text, this.#rules, nameOf(`${field}[${index}]`)));
  }

  list(texts: readonly string[] | undefined, field: string): VersionList | undefined {
    if (texts === undefined) return undefined;
    const entries = new Map<string, ListedVersion>();
    for (const [index, text] of texts.entries()) {
      if (!entries.has(text)) entries.set(text, this.#read(text, `${field}[${index}]`));
    }
    return new VersionList([...entries.values()]);
  }

  /** The lists by stream; one list without streams is that of `released`. */
  lists({ available, streams }: OwnLists): StreamLists | undefined {
    const released = this.list(available, "available");
    if (streams === undefined) return released === undefined ? undefined : new Map([["released", released]]);
    const lists = new Map<string, VersionList>();
    for (const [name, texts] of Object.entries(streams)) {
      lists.set(name, this.list(texts, `streams.${name}`) ?? VersionList.EMPTY);
    }
    return lists;
  }

  #read(text: string, field: string): ListedVersion {
    const listed = readListedVersion(text, this.#rules);
    if (listed === undefined) throw invalidVersion(text, this.#source.nameOf(field));
    return listed;
  }
}

/** Image tags that name no version, such as `latest`, are skipped, as Juju does. */
function tagsOf(tags: readonly string[] | undefined): VersionList | undefined {
  if (tags === undefined) return undefined;
  const versions = [...new Set(tags)].filter((tag) => isVersion(tag));
  return new VersionList(versions.map((tag) => ({ version: readVersion(tag), arch: undefined })));
}

function readOwnGeneration<Name extends string>(
  text: string | undefined,
  names: readonly Name[],
  generationFor: (version: JujuVersion) => Name,
  { source, running }: { readonly source: QuestionSource; readonly running: JujuVersion },
): Name {
  if (text === undefined) return generationFor(running);
  return readGeneration(text, names, generationFor, { place: source.nameOf("generation"), running });
}

function readNamed(text: string, rules: VersionGeneration, name: string): JujuVersion {
  if (!isVersion(text, rules)) throw invalidVersion(text, name);
  return readVersion(text, rules);
}

function invalidVersion(text: string, name: string): JamError {
  return new JamError("JAM_VERSION_INVALID", `${name}: "${printable(text)}" is not a Juju version.`, {
    hint: "Write it as Juju does, for example 3.6.5, 3.6-beta2 or 2.9.42.1. In a document a channel does not name a version.",
    details: { field: name, version: text },
  });
}

function readArches(
  words: readonly string[] | undefined,
  field: string,
  source: QuestionSource,
): readonly Arch[] | undefined {
  return words?.map((word, index) => {
    if (isArch(word)) return word;
    const name = source.nameOf(`${field}[${index}]`);
    throw new JamError("JAM_USAGE_INVALID", `${name}: "${printable(word)}" is not an architecture.`, {
      hint: `Use one of ${ARCHES.join(", ")}.`,
      details: { field: source.nameOf(field), value: word, choices: ARCHES },
    });
  });
}
