/** An address and port to listen on, with the flags that choose them. */
export interface Listen {
  /** IP address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Flag that sets the port, for messages. */
  readonly flag: string;
}

const REASONS: Readonly<Record<string, (listen: Listen) => string>> = {
  EADDRINUSE: ({ port, flag }) => `port ${port} is in use; free it or choose another with ${flag}`,
  EACCES: ({ port, flag }) => `no permission to listen on port ${port}; choose one above 1023 with ${flag}`,
  EADDRNOTAVAIL: ({ host }) => `this machine has no address ${host}; choose another with --bind`,
};

/** A port that cannot be listened on; the message names the port and the flag to change. */
export class ListenError extends Error {
  constructor(listen: Listen, cause: Error) {
    // gRPC tells the system's error code only in its message.
    const code = Object.keys(REASONS).find((name) => cause.message.includes(name));
    const explain = code === undefined ? undefined : REASONS[code];
    super(
      explain?.(listen) ?? `cannot listen on ${listen.host} port ${listen.port} (${listen.flag}): ${cause.message}`,
    );
    this.name = "ListenError";
    this.cause = cause;
  }
}

/** `host:port`, IPv6 in brackets. */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
