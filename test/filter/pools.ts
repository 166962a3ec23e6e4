// What a sidecar would send: endpoints, samples, plans and whole pools.

import { encodeLoad, encodePlan, encodePolicy, encodeRoster, encodeSync } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { Endpoint, Load, Plan, PlanSettings, PlanStep, Policy, Sample } from "../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import { sample } from "../wire/idle-sample.ts";
import { Rig } from "./rig.ts";

export { sample };

/** A plugin configuration, with what a test wants different. */
export function configuration(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ stateCluster: "sidecar", pool: "default/base", ...fields });
}

/** An endpoint at 10.0.0.<number>:8000. */
export function endpoint(number: number, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    address: `10.0.${number >> 8}.${number & 255}:8000`,
    name: `default/pod-${number}`,
    zone: "",
    labels: {},
    engine: L.ENGINE_VLLM,
    role: L.ROLE_ANY,
    rank: 0,
    ...fields,
  };
}

/** The first `count` endpoints. */
export function endpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, index) => endpoint(index + 1));
}

/** Samples of `count` idle endpoints. */
export function samples(count: number, fields: Partial<Sample> = {}): Sample[] {
  return Array.from({ length: count }, () => sample(fields));
}

function step(stage: number, plugin: number, name: string, weight: number, parameters: number[] = []): PlanStep {
  return { stage, plugin, name, weight, parameters };
}

/** One profile: queue 2, KV cache 2, max-score-picker for `most`. */
export function bestOf(most: number): Plan["profiles"] {
  return [
    {
      name: "default",
      steps: [
        step(L.STAGE_SCORER, L.PLUGIN_QUEUE_SCORER, "queue", 2),
        step(L.STAGE_SCORER, L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, "kv", 2),
        step(L.STAGE_PICKER, L.PLUGIN_MAX_SCORE_PICKER, "max", 0, [most]),
      ],
    },
  ];
}

/** A profile of a picker alone. */
export function pickerOnly(plugin: number, most: number): Plan["profiles"] {
  return [{ name: "only", steps: [step(L.STAGE_PICKER, plugin, "picker", 0, [most])] }];
}

/** A sidecar's side of one pool: frames in their order, epochs and sequences kept. */
export class FakePool {
  readonly pool: string;
  #epoch = 0n;
  #sequence = 0n;

  constructor(pool = "default/base") {
    this.pool = pool;
  }

  roster(list: readonly Endpoint[]): Uint8Array {
    this.#epoch++;
    return encodeRoster({ pool: this.pool, epoch: this.#epoch, endpoints: list });
  }

  load(list: readonly Sample[], fields: Partial<Load> = {}): Uint8Array {
    this.#sequence++;
    return encodeLoad({
      pool: this.pool,
      rosterEpoch: this.#epoch,
      sequence: this.#sequence,
      sentAt: 1n,
      freshFor: 2000,
      samples: list,
      ...fields,
    });
  }

  plan(profiles: Plan["profiles"] = bestOf(3), settings: Partial<PlanSettings> = {}): Uint8Array {
    return encodePlan({ pool: this.pool, epoch: 1n, profiles, settings: { ...PLAIN_SETTINGS, ...settings } });
  }

  /** What is left out is empty. */
  policy(fields: Partial<Pick<Policy, "objectives" | "rules">> = {}): Uint8Array {
    return encodePolicy({ pool: this.pool, epoch: 1n, objectives: [], rules: [], ...fields });
  }

  /** The three frames of idle endpoints. */
  frames(list: readonly Endpoint[]): Uint8Array[] {
    return [this.roster(list), this.plan(), this.load(samples(list.length))];
  }

  /** Everything that a stream begins with, where this is the only pool. */
  start(list: readonly Endpoint[], values: readonly Sample[] = samples(list.length)): Uint8Array[] {
    return [this.roster(list), this.plan(), this.load(values), encodeSync()];
  }
}

/** One worker with a configured root and a stream that the sidecar has said nothing on. */
export function connectedRig(fields: Record<string, unknown> = {}, rig = new Rig()) {
  const vm = rig.vm();
  const root = vm.createRoot(configuration(fields));
  rig.pass(200);
  return { rig, vm, root };
}

/** One worker with a configured root and a pool of `count` idle endpoints. */
export function servingRig(count: number, fields: Record<string, unknown> = {}, rig = new Rig()) {
  const { vm, root } = connectedRig(fields, rig);
  const pool = new FakePool();
  rig.stream.message(...pool.start(endpoints(count)));
  return { rig, vm, root, pool };
}
