// Flags and arguments as data, read from the very commands that parse them: for completions and the reference.

import type { Command, Option } from "commander";
import type { ValueReader } from "./values.ts";

/** What a value is, as far as somebody can be helped to write it. */
export type ValueKind = "file" | "folder" | "other";

/** A flag of a command. */
export interface Flag {
  /** `--log-level` */
  readonly long: string;
  /** `-v`; undefined: there is none. */
  readonly short: string | undefined;
  /** As help shows it: `--log-level <level>`. */
  readonly usage: string;
  /** `none`: it takes no value; `optional`: one behind `=`. */
  readonly value: "none" | "optional" | "required";
  readonly kind: ValueKind;
  /** All values that it takes, where they are a few. */
  readonly values: readonly string[];
  /** What its value must be; undefined: any text. */
  readonly takes: string | undefined;
  readonly about: string;
  /** As help shows it; undefined: there is none. */
  readonly fallback: string | undefined;
  /** The environment variable that stands for it. */
  readonly variable: string | undefined;
  /** The heading under which help has it. */
  readonly group: string;
  /** Help does not list it. */
  readonly hidden: boolean;
}

/** A command, its flags and its arguments. */
export interface CommandTable {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  /** What the argument may be; `other`: it has none, or there is nothing to help with. */
  readonly argument: ValueKind;
  /** All that the argument may be, where that is a few texts. */
  readonly argumentValues: readonly string[];
}

const DEFAULT = / \(default: (.*)\)$/s;

function kindOf(placeholder: string | undefined): ValueKind {
  if (placeholder === "file" || placeholder === "request" || placeholder === "trace") return "file";
  return placeholder === "folder" ? "folder" : "other";
}

function fallbackOf({ defaultValue, defaultValueDescription, description }: Option): string | undefined {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  if (defaultValue !== undefined)
    return typeof defaultValue === "string" ? JSON.stringify(defaultValue) : `${defaultValue}`;
  return DEFAULT.exec(description)?.[1];
}

function flagOf(option: Option): Flag {
  const reader = option.parseArg as Partial<ValueReader<unknown>> | undefined;
  const placeholder = /[<[](.+)[>\]]/.exec(option.flags)?.[1];
  const values = option.argChoices ?? reader?.values ?? [];
  return {
    long: option.long ?? "",
    short: option.short,
    usage: option.flags,
    value: option.required ? "required" : option.optional ? "optional" : "none",
    kind: kindOf(placeholder),
    values,
    takes: option.argChoices === undefined ? reader?.takes : values.join(", "),
    about: option.description.replace(DEFAULT, ""),
    fallback: fallbackOf(option),
    variable: option.envVar,
    group: (option.helpGroupHeading ?? "").replace(/:$/, ""),
    hidden: option.hidden,
  };
}

/** What a command takes. */
export function commandTable(command: Command): CommandTable {
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    about: command.description(),
    flags: command.options.map(flagOf),
    argument: kindOf(argument?.name()),
    argumentValues: argument?.argChoices ?? [],
  };
}
