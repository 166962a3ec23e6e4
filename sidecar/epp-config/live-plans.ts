import type { Plan } from "../../wire/model.ts";
import type { PlanSource } from "../push/plan-source.ts";
import { type CompiledPlan, compile } from "./compile.ts";
import type { EndpointPickerConfig } from "./config.ts";

/** The plan in force. One configuration serves every pool, so pools differ in nothing but the name. */
export class LivePlans implements PlanSource {
  #compiled: CompiledPlan;
  readonly #listeners = new Set<() => void>();

  constructor(config: EndpointPickerConfig) {
    this.#compiled = compile(config);
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
    if (compiled.epoch === this.#compiled.epoch) return false;
    this.#compiled = compiled;
    for (const listener of this.#listeners) listener();
    return true;
  }
}
