/** An endpoint to scrape. Equal keys are the same target, whatever pools it is in. */
export interface ScrapeTarget {
  readonly key: string;
  readonly address: string;
  readonly metricsUrl: string;
  /** One of the ENGINE_ constants. */
  readonly engine: number;
}
