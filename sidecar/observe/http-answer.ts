/** What an HTTP request is answered with. */
export interface Answer {
  readonly status: number;
  /** Its content-type. */
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The content-type of a line for people. */
export const PLAIN = "text/plain; charset=utf-8";
