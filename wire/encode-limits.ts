import { above0, check, EncodeError, finite } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { PlanLimit } from "./model.ts";
import { nameKey } from "./name-key.ts";
import type { StringSection } from "./strings.ts";

/** A number of requests or of tokens that fits a 64-bit integer with room to spare. @throws EncodeError */
function quantity(what: string, value: number): number {
  const isOne = finite(what, value) >= 0 && value <= L.MAX_LIMIT_QUANTITY;
  if (!isOne) throw new EncodeError(`${what} is ${value}, must be from 0 to ${L.MAX_LIMIT_QUANTITY}`);
  return value;
}

/** The tables of rate limits and of their models under construction. */
export class LimitTable {
  readonly #rows: readonly { limit: PlanLimit; name: Place; header: Place }[];
  readonly #models: readonly string[];

  /** @throws EncodeError where there are too many, or two have one name. */
  constructor(limits: readonly PlanLimit[], strings: StringSection) {
    check("limits", limits.length, L.MAX_LIMITS);
    const names = limits.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new EncodeError(`two limits are named ${twice}`);
    this.#rows = limits.map((limit) => ({
      limit,
      name: strings.add(limit.name),
      header: strings.add(limit.header),
    }));
    this.#models = limits.flatMap(({ models }) => models);
    check("models of limits", this.#models.length, L.MAX_LIMIT_MODELS);
  }

  /** Rows, and models. */
  get count(): number {
    return this.#rows.length;
  }

  get models(): number {
    return this.#models.length;
  }

  /** Bytes of both tables. */
  get bytes(): number {
    return this.count * L.LIMIT_BYTES + this.models * L.LIMIT_MODEL_BYTES;
  }

  /** Writes both tables into a frame, the limits first. @throws EncodeError where a number is out of its range. */
  writeTo(view: DataView, at: number): void {
    let firstModel = 0;
    this.#rows.forEach(({ limit, name, header }, index) => {
      const row = at + index * L.LIMIT_BYTES;
      view.setBigUint64(row + L.LIMIT_KEY, nameKey(limit.name), true);
      view.setFloat64(row + L.LIMIT_REQUESTS, quantity(`requests of limit ${limit.name}`, limit.requests), true);
      view.setFloat64(row + L.LIMIT_TOKENS, quantity(`tokens of limit ${limit.name}`, limit.tokens), true);
      view.setFloat64(row + L.LIMIT_PER, above0(`per of limit ${limit.name}`, limit.per), true);
      view.setFloat64(row + L.LIMIT_BURST, above0(`burst of limit ${limit.name}`, limit.burst), true);
      view.setUint32(row + L.LIMIT_NAME_OFFSET, name.offset, true);
      view.setUint32(row + L.LIMIT_NAME_LENGTH, name.length, true);
      view.setUint32(row + L.LIMIT_HEADER_OFFSET, header.offset, true);
      view.setUint32(row + L.LIMIT_HEADER_LENGTH, header.length, true);
      view.setUint32(row + L.LIMIT_MODEL_START, firstModel, true);
      view.setUint32(row + L.LIMIT_MODEL_COUNT, limit.models.length, true);
      view.setUint32(row + L.LIMIT_FLAGS, limit.perModel ? L.LIMIT_PER_MODEL : 0, true);
      firstModel += limit.models.length;
    });
    const modelsAt = at + this.count * L.LIMIT_BYTES;
    for (const [index, model] of this.#models.entries()) {
      view.setBigUint64(modelsAt + index * L.LIMIT_MODEL_BYTES, nameKey(model), true);
    }
  }
}

interface Place {
  readonly offset: number;
  readonly length: number;
}
