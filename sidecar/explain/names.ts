// Numbers of the wire format by the names that a snapshot gives them. The names are those of the constants:
// PLUGIN_QUEUE_SCORER is "queue-scorer", as in an EndpointPickerConfig.

import * as L from "../../wire/layout.ts";

/** A set of constants, by name. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  /** @param prefix of the constants' own names. */
  constructor(prefix: string, isOne: (name: string) => boolean = () => true) {
    // A module's names come in no order that tells anything.
    for (const [constant, number] of Object.entries(L).sort(([, one], [, other]) => one - other)) {
      if (!constant.startsWith(prefix)) continue;
      const name = constant.slice(prefix.length).toLowerCase().replaceAll("_", "-");
      if (!isOne(name)) continue;
      this.#numbers.set(name, number);
      this.#names.set(number, name);
    }
  }

  /** All names, in the order of their numbers. */
  get all(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  /** The constant of that name; undefined where there is none. */
  number(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /**
   * The name of a constant.
   * @throws RangeError where there is none: a mistake of this program.
   */
  name(number: number): string {
    const name = this.#names.get(number);
    if (name === undefined) throw new RangeError(`${number} is none of ${this.all.join(", ")}`);
    return name;
  }
}

const OPERATORS = ["in", "not-in", "exists", "does-not-exist", "in-or-absent"];

const BANDS = ["exact", "default", "negative"];

export const engineNames = new Names("ENGINE_");
export const roleNames = new Names("ROLE_");
export const handlerNames = new Names("HANDLER_");
export const pluginNames = new Names("PLUGIN_");
export const detectorNames = new Names("DETECTOR_");
export const fairnessNames = new Names("FAIRNESS_");
export const orderNames = new Names("ORDER_");
/** Which priorities a band is for. */
export const bandNames = new Names("BAND_", (name) => BANDS.includes(name));
/** What a term of a label selector says. */
export const operatorNames = new Names("TERM_", (name) => OPERATORS.includes(name));

const STAGES = [
  ["-filter", L.STAGE_FILTER],
  ["-scorer", L.STAGE_SCORER],
  ["-picker", L.STAGE_PICKER],
] as const;

/** The stage of a plugin, which its name ends with. */
export function stageOf(plugin: string): number {
  const found = STAGES.find(([end]) => plugin.endsWith(end));
  if (found === undefined) throw new RangeError(`the name ${plugin} tells no stage`);
  return found[1];
}
