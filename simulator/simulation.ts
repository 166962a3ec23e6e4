import { noOverrides, type Overrides } from "./admin-state.ts";
import type { Clock } from "./clock.ts";
import { Engine } from "./engine.ts";
import type { SimulatorOptions } from "./options.ts";
import { createRandom } from "./random.ts";

/** One simulated server: what all its request handlers share. Connections are the listener's. */
export type Simulation = {
  readonly options: SimulatorOptions;
  readonly clock: Clock;
  readonly engine: Engine;
  /** Names of all models, the base model's first. */
  readonly models: readonly string[];
  /** Unix time of the start, seconds. */
  readonly started: number;
  overrides: Overrides;
  /** Draws, in [0, 1), whether a completion fails at the error rate. */
  readonly drawFailure: () => number;
  /** Completions received, and those answered in full. */
  received: number;
  served: number;
};

/** Makes a server that has seen no request yet. */
export function createSimulation(options: SimulatorOptions, clock: Clock): Simulation {
  return {
    options,
    clock,
    engine: new Engine(options, clock),
    models: [options.model, ...options.loras],
    started: Math.floor(Date.now() / 1000),
    overrides: noOverrides(),
    drawFailure: createRandom(options.seed),
    received: 0,
    served: 0,
  };
}

/** Puts overrides in force; those not named stay. */
export function override(simulation: Simulation, change: Partial<Overrides>): void {
  const overrides = { ...simulation.overrides, ...change };
  simulation.overrides = overrides;
  simulation.engine.setSlowdown(overrides.slowdown ?? 1);
  if (overrides.stuck === true) simulation.engine.pause();
  else simulation.engine.resume();
}
