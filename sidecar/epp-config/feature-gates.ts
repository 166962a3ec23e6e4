import { list, meant, type Place, show } from "../support/fields.ts";

/**
 * The references' gates, each with the value that it has here where that cannot be changed; all versions' together, so
 * that a configuration for any of them can be read.
 */
export const GATES: Readonly<Record<string, boolean | "as written">> = {
  dataLayer: true,
  prepareDataPlugins: true,
  enableLegacyMetrics: false,
  flowControl: "as written",
  haPopulateNonLeaderDatastore: true,
};

const VALUES: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  "1": true,
  false: false,
  f: false,
  "0": false,
};

function parts(gate: string): { name: string; written: string | undefined; on: boolean | undefined } {
  const [name = "", written] = gate.split("=", 2);
  return { name, written, on: written === undefined ? true : VALUES[written.trim().toLowerCase()] };
}

/** Whether requests may wait: the gate `flowControl`, where it stands last. */
export function hasFlowControl(gates: readonly string[]): boolean {
  return gates.map(parts).findLast(({ name }) => name === "flowControl")?.on === true;
}

/** Reads `featureGates`: names, each with `=true` or `=false` or as it is, which means true. */
export function readFeatureGates(value: unknown, place: Place): readonly string[] {
  const gates: string[] = [];
  list(value ?? [], place)?.forEach((gate, index) => {
    const at = place.at(index);
    if (typeof gate !== "string") {
      at.expect("the name of a feature gate", gate);
      return;
    }
    const { name, written, on } = parts(gate);
    if (!Object.hasOwn(GATES, name))
      at.refuse(`there is no feature gate ${show(name)}, ${meant(name, Object.keys(GATES))}`);
    else if (on === undefined) at.refuse(`${name} must be true or false, is ${show(written)}`);
    else if (GATES[name] !== "as written" && on !== GATES[name]) at.warn(`${gate} has no effect in this version`);
    gates.push(gate);
  });
  return gates;
}
