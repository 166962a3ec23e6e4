import { Distribution, type Exemplar } from "../observe/distribution.ts";
import { FIGURES, type FigureName } from "./request-figures.ts";

/** Labels that all requests of a series have in common. */
export type SeriesLabels = {
  readonly inference_pool: string;
  readonly model_name: string;
  readonly target_model_name: string;
  readonly priority: string;
};

/** What is known of the requests with the same labels. */
export class RequestSeries {
  readonly labels: SeriesLabels;
  requests = 0;
  /** Requests that ended in an error, by its code. */
  readonly errors = new Map<string, number>();
  /** Requests whose model a rewrite replaced, by its name. */
  readonly rewrites = new Map<string, number>();
  /** By figure, and by the value of the label that tells its distributions apart; "" where there is none. */
  readonly #distributions = new Map<FigureName, Map<string, Distribution>>();

  constructor(labels: SeriesLabels) {
    this.labels = labels;
  }

  /** Counts a request, the code of its error if it ended in one, and the rewrite that gave it its target. */
  count(error: string | undefined, rewrite: string | undefined): void {
    this.requests++;
    if (error !== undefined) this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
    if (rewrite !== undefined) this.rewrites.set(rewrite, (this.rewrites.get(rewrite) ?? 0) + 1);
  }

  /** Adds a request's figure. @param apart the value of the figure's own label. */
  observe(figure: FigureName, value: number, exemplar?: Exemplar, apart = ""): void {
    let parts = this.#distributions.get(figure);
    if (parts === undefined) {
      parts = new Map();
      this.#distributions.set(figure, parts);
    }
    let distribution = parts.get(apart);
    if (distribution === undefined) {
      distribution = new Distribution(FIGURES[figure].bounds);
      parts.set(apart, distribution);
    }
    distribution.observe(value, exemplar);
  }

  /** A figure's distributions, by the value of its own label. */
  distributions(figure: FigureName): ReadonlyMap<string, Distribution> {
    return this.#distributions.get(figure) ?? new Map();
  }
}

/** All series, and which of them differ in nothing but their priorities. */
export class SeriesTable {
  readonly #series = new Map<string, RequestSeries>();
  readonly #groups = new Map<string, RequestSeries[]>();

  /** The series with these labels, made if need be. */
  of(pool: string, model: string, target: string, priority: string): RequestSeries {
    // No name of a pool has a line break, and a model's own ones do no harm: they are escaped.
    const models = `${pool}\n${JSON.stringify(model)}\n${JSON.stringify(target)}`;
    const key = `${models}\n${priority}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new RequestSeries({ inference_pool: pool, model_name: model, target_model_name: target, priority });
      this.#series.set(key, series);
      const group = this.#groups.get(models);
      if (group === undefined) this.#groups.set(models, [series]);
      else group.push(series);
    }
    return series;
  }

  all(): readonly RequestSeries[] {
    return [...this.#series.values()];
  }

  /** Series with the same pool and models together. */
  groups(): readonly (readonly RequestSeries[])[] {
    return [...this.#groups.values()];
  }
}
