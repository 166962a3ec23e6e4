/** What an HTTP request is answered with. */
export interface Answer {
  readonly status: number;
  /** Its content-type. */
  readonly type: string;
  /** Whole, or in pieces that are made as they are sent. */
  readonly body: string | Uint8Array | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The content-type of a line for people. */
export const PLAIN = "text/plain; charset=utf-8";
