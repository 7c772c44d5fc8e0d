import { setChannelStage } from "./channel-stage.ts";
import { setCreateStage } from "./create-stage.ts";
import { setImportStage } from "./import-stage.ts";
import { setRepairStage } from "./repair-stage.ts";
import {
  CHANNEL_SCENARIOS,
  CREATE_SCENARIOS,
  IMPORT_SCENARIOS,
  type ChannelScenario,
  type CreateScenario,
  type ImportScenario,
  type ScenarioName,
  type Stage,
  type StageOptions,
  type KeptScenario,
  type SyncScenario,
} from "./stage.ts";
import { setSyncStage } from "./sync-stage.ts";

/** Sets the stage for a scenario: all that was before the run that is killed, and one whole run for comparison. */
export function setStage(scenario: ScenarioName, options: StageOptions = {}): Promise<Stage> {
  if (isCreate(scenario)) return setCreateStage(scenario, options);
  if (isImport(scenario)) return setImportStage(scenario, options);
  if (isChannel(scenario)) return setChannelStage(scenario, options);
  if (scenario === "repair") return setRepairStage(options);
  return setSyncStage(scenario satisfies SyncScenario | KeptScenario, options);
}

function isChannel(scenario: ScenarioName): scenario is ChannelScenario {
  return (CHANNEL_SCENARIOS as readonly string[]).includes(scenario);
}

function isCreate(scenario: ScenarioName): scenario is CreateScenario {
  return (CREATE_SCENARIOS as readonly string[]).includes(scenario);
}

function isImport(scenario: ScenarioName): scenario is ImportScenario {
  return (IMPORT_SCENARIOS as readonly string[]).includes(scenario);
}
