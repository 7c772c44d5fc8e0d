import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { type Setting, type SettingKey, SETTING_LIST, settingFlag } from "../config/settings.ts";

/** Adds the flags of all settings of a group, such as `fetch`, with help from their declarations. */
export function addSettingFlags(command: Command, group: string): void {
  for (const [key, setting] of flagsOf(group)) {
    if (setting.flag !== undefined) command.option(setting.flag, flagHelp(key, setting));
  }
}

/** The settings of a group that flags give, from the options that commander parsed. */
export function settingsFrom(options: object, group: string): ConfigFlags {
  const given = flagsOf(group).flatMap(([key]) => {
    const value: unknown = (options as Readonly<Record<string, unknown>>)[optionName(key)];
    return typeof value === "string" ? [[key, value] as const] : [];
  });
  return Object.fromEntries(given);
}

function flagsOf(group: string): readonly (readonly [SettingKey, Setting])[] {
  return SETTING_LIST.filter(([key, { flag }]) => key.startsWith(`${group}.`) && flag !== undefined);
}

/** The first sentence of the description, the range, and where the default comes from. */
function flagHelp(key: SettingKey, setting: Setting): string {
  const [sentence = ""] = setting.description.split(/\.(?: |$)/);
  const range = setting.kind === "count" ? `, ${setting.range[0]} to ${setting.range[1]}` : "";
  const start = /^[A-Z]{2}/.test(sentence)
    ? sentence
    : `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
  return `${start}${range} (default: ${key})`;
}

/** As commander names it: `--limit-rate` is limitRate. */
function optionName(key: SettingKey): string {
  return (settingFlag(key) ?? "").slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
