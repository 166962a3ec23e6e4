import type { Plan } from "../../wire/model.ts";
import type { PlanSource } from "../push/plan-source.ts";
import { type CompiledPlan, compile } from "./compile.ts";
import type { EndpointPickerConfig } from "./config.ts";

/** The plan in force. One configuration serves every pool, so pools differ in nothing but the name. */
export class LivePlans implements PlanSource {
  #config: EndpointPickerConfig;
  #compiled: CompiledPlan;
  readonly #listeners = new Set<() => void>();

  constructor(config: EndpointPickerConfig) {
    this.#config = config;
    this.#compiled = compile(config);
  }

  /** What the plan was made of. */
  get config(): EndpointPickerConfig {
    return this.#config;
  }

  plan(pool: string): Plan {
    return { pool, ...this.#compiled };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Puts another configuration in force; returns whether that changes the plan. */
  replace(config: EndpointPickerConfig): boolean {
    const compiled = compile(config);
    this.#config = config;
    if (compiled.epoch === this.#compiled.epoch) return false;
    this.#compiled = compiled;
    for (const listener of this.#listeners) listener();
    return true;
  }
}
