import { shellCommand } from "../../shared/shell-command.ts";
import type { ConnectTarget, Step } from "./target.ts";
import { isModern } from "./target.ts";

/** What `jam connect` prints: how to configure Juju to use a mirror, and how to undo it. */
export interface ConnectGuide {
  readonly url: string;
  readonly juju: string;
  readonly steps: readonly Step[];
  readonly undo: readonly Step[];
  /** Why the commands cannot work as they are. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The guide for one generation of Juju.
 * Source: juju environs/tools GetMetadataSources, apiserver/common/tools.go (finding asks the model's own settings),
 * apiserver/tools.go (downloading asks the controller model's since 2.9.12), environs/config.
 */
export function planConnection(target: ConnectTarget): ConnectGuide {
  const steps =
    target.juju === "1.25"
      ? oldSteps(target)
      : [reach(target), bootstrap(target), controller(target), models(target), proxy(target), verify(target)];
  return {
    url: target.url,
    juju: target.juju,
    steps: [
      ...steps,
      ...(target.metadataSource === undefined ? [] : [fromFolder(target, target.metadataSource)]),
    ],
    undo: target.juju === "1.25" ? oldUndo() : undo(target),
    warnings: warnings(target),
    notes: notes(target),
  };
}

function reach({ url }: ConnectTarget): Step {
  return {
    id: "reach",
    title: "Check that the mirror answers",
    why: "From the client, from each controller, and from where new controllers will run: a controller's first machine fetches its agent by itself.",
    commands: [shellCommand`curl -fsS ${url}/streams/v1/index2.json`],
  };
}

function bootstrap({ url, juju, controller }: ConnectTarget): Step {
  return {
    id: "bootstrap",
    title: "A new controller",
    why: "--config is for the controller's own model, --model-default for every model added later: models inherit nothing from the controller's model.",
    commands: [
      shellCommand`juju bootstrap CLOUD ${controller ?? "CONTROLLER"} --config agent-metadata-url=${url} --model-default agent-metadata-url=${url}`,
    ],
    ...(juju === "4" ? { remark: "agent-stream may only be released, proposed, testing or devel." } : {}),
  };
}

function controller(target: ConnectTarget): Step {
  const { url } = target;
  return {
    id: "controller",
    title: "An existing controller",
    why:
      target.juju === "2.8"
        ? "The first line is for the controller itself, the second for models added from now on."
        : "Since 2.9.12 the controller downloads agents from the URL of its own model, so set this even if every other model has it.",
    commands: [
      shellCommand`juju model-config -m ${controllerModel(target)} agent-metadata-url=${url}`,
      target.controller === undefined
        ? shellCommand`juju model-defaults agent-metadata-url=${url}`
        : shellCommand`juju model-defaults -c ${target.controller} agent-metadata-url=${url}`,
    ],
  };
}

function models(target: ConnectTarget): Step {
  return {
    id: "models",
    title: "Existing models",
    why: "Each model looks for versions with its own setting. Without it an upgrade reports that the model is up to date, or contacts the internet.",
    commands: modelNames(target).map(
      (model) => shellCommand`juju model-config -m ${model} agent-metadata-url=${target.url}`,
    ),
    ...(target.models.length === 0 ? { remark: "Repeat for each model that `juju models` lists." } : {}),
  };
}

function proxy(target: ConnectTarget): Step {
  const { host } = target;
  const key = target.juju === "2.8" ? "no-proxy" : "juju-no-proxy";
  return {
    id: "proxy",
    title: "Only where a proxy is set: exclude the mirror's host",
    why: `Setting ${key} replaces the old value, so add to what the first line prints.`,
    commands: [
      shellCommand`juju model-config -m ${controllerModel(target)} ${key}`,
      shellCommand`juju model-config -m ${controllerModel(target)} ${key}=WHAT-IT-PRINTED,${host}`,
      ...modelNames(target).map(
        (model) => shellCommand`juju model-config -m ${model} ${key}=WHAT-IT-PRINTED,${host}`,
      ),
    ],
    ...(target.juju === "2.8"
      ? { remark: "Since 2.4 there is juju-no-proxy too, for Juju's own traffic." }
      : {}),
  };
}

function verify(target: ConnectTarget): Step {
  const [model = "MODEL"] = modelNames(target);
  const commands =
    target.juju === "2.8"
      ? [
          shellCommand`juju upgrade-juju -m ${controllerModel(target)} --dry-run`,
          shellCommand`juju upgrade-juju -m ${model} --dry-run`,
        ]
      : [
          target.controller === undefined
            ? shellCommand`juju upgrade-controller --dry-run`
            : shellCommand`juju upgrade-controller -c ${target.controller} --dry-run`,
          shellCommand`juju upgrade-model -m ${model} --dry-run`,
        ];
  return {
    id: "verify",
    title: "Verify",
    why: "The mirror's request log shows index2.json and the agents' list being read. Nothing is changed.",
    commands,
  };
}

function undo(target: ConnectTarget): Step[] {
  return [
    {
      id: "undo",
      title: "Undo",
      why: "Juju then uses streams.canonical.com again.",
      commands: [
        shellCommand`juju model-config -m ${controllerModel(target)} --reset agent-metadata-url`,
        target.controller === undefined
          ? shellCommand`juju model-defaults --reset agent-metadata-url`
          : shellCommand`juju model-defaults -c ${target.controller} --reset agent-metadata-url`,
        ...modelNames(target).map(
          (model) => shellCommand`juju model-config -m ${model} --reset agent-metadata-url`,
        ),
      ],
      ...(target.juju === "2.8" ? { remark: "In 2.0 the word is `juju unset-model-config`." } : {}),
    },
  ];
}

function oldSteps(target: ConnectTarget): Step[] {
  const { url } = target;
  return [
    reach(target),
    {
      id: "bootstrap",
      title: "A new environment",
      why: "The line belongs to the environment's section in ~/.juju/environments.yaml. Up to 1.20 the key is tools-metadata-url.",
      commands: [shellCommand`agent-metadata-url: ${url}`, shellCommand`juju bootstrap`],
    },
    {
      id: "environment",
      title: "An existing environment",
      why: "There is one setting for the whole environment.",
      commands: [shellCommand`juju set-env agent-metadata-url=${url}`],
    },
    {
      id: "proxy",
      title: "Only where a proxy is set: exclude the mirror's host",
      why: "Setting no-proxy replaces the old value, so add to what the first line prints.",
      commands: [
        shellCommand`juju get-env no-proxy`,
        shellCommand`juju set-env no-proxy=WHAT-IT-PRINTED,${target.host}`,
      ],
    },
    {
      id: "verify",
      title: "Verify",
      why: "Nothing is changed.",
      commands: [shellCommand`juju upgrade-juju --dry-run`],
    },
  ];
}

function oldUndo(): Step[] {
  return [
    {
      id: "undo",
      title: "Undo",
      why: "Juju then uses streams.canonical.com again.",
      commands: [shellCommand`juju unset-env agent-metadata-url`],
    },
  ];
}

/** Source: juju cmd/juju/commands synctools.go: named sync-tools up to 2.8, sync-agent-binaries in 2.9, later in the singular. */
function fromFolder({ juju, controller }: ConnectTarget, folder: string): Step {
  const push =
    { "1.25": "sync-tools", "2.8": "sync-tools", "2.9": "sync-agent-binaries" }[juju as string] ??
    "sync-agent-binary";
  return {
    id: "folder",
    title: "Without a web server: from the mirror's folder",
    why: "For the client's machine only. The second line puts the newest agents into a controller that runs.",
    commands: [
      juju === "1.25"
        ? shellCommand`juju bootstrap --metadata-source ${folder}`
        : shellCommand`juju bootstrap CLOUD ${controller ?? "CONTROLLER"} --metadata-source ${folder}`,
      shellCommand`juju ${push} --source ${folder}`,
    ],
    ...(juju === "2.8"
      ? { remark: "2.0 to 2.8.0 accept only signed metadata from a folder: use agent-metadata-url there." }
      : {}),
  };
}

function warnings({ isLoopback }: ConnectTarget): string[] {
  if (!isLoopback) return [];
  return [
    "On every machine 127.0.0.1 and localhost mean that machine itself: controllers need an address of this machine that they can reach. Serve with `jam serve --listen 0.0.0.0:8080` and give `--url http://ADDRESS:8080/tools` here.",
  ];
}

function notes({ url, juju }: ConnectTarget): string[] {
  const isTls = url.startsWith("https:");
  return [
    ...(isTls
      ? [
          "The certificate has to be trusted by the client, by each controller and by the machines of new controllers: put a CA of your own into /usr/local/share/ca-certificates/ there and run update-ca-certificates. Juju has no setting for a CA; ssl-hostname-verification=false switches off all verification.",
        ]
      : [
          "Use plain HTTP only in a network that you trust: Juju checks each agent's SHA-256 against the list, but not who wrote the list.",
        ]),
    "Leave agent-stream at `released` unless the mirror also contains the other stream: since 3.1 a look-up in a stream that the mirror does not list contacts streams.canonical.com, and fails completely without internet access.",
    "If the mirror does not contain a version, Juju contacts streams.canonical.com. Without internet access that fails after some minutes with `cannot access URL`, which here means that the version is not mirrored.",
    ...(isModern(juju)
      ? [
          "Kubernetes controllers get their agents from an OCI registry (caas-image-repo), not from this mirror.",
        ]
      : []),
    ...(juju === "4"
      ? [
          "A different web server must send .tgz files as application/x-gzip, exactly: controllers refuse any other type and retry without end. `jam serve` does this.",
        ]
      : []),
    "Do not run `juju metadata generate-agents` in the mirror's folder: it does not know upstream's layout and overwrites the index.",
  ];
}

function modelNames(target: ConnectTarget): readonly string[] {
  return target.models.length === 0 ? ["MODEL"] : target.models;
}

/** The controller's own model, of the named controller where one is named. */
function controllerModel({ controller }: ConnectTarget): string {
  return controller === undefined ? "controller" : `${controller}:controller`;
}
