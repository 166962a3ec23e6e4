/** Where a Redis is, and who this is to it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

const DEFAULT_PORT = 6379;
const EXAMPLE = "redis://[user:password@]host[:port][/database], or rediss:// for TLS";

/**
 * Reads `redis://` and `rediss://` URLs.
 * @throws RangeError that says what is wrong and never shows the URL, which may hold a password.
 */
export function readRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new RangeError(`expected ${EXAMPLE}`);
  const { protocol, hostname, port, username, password, pathname, search, hash } = url;
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw new RangeError(`expected ${EXAMPLE}; it begins with ${protocol}//`);
  }
  if (hostname === "") throw new RangeError(`expected ${EXAMPLE}; it has no host`);
  if (search !== "" || hash !== "") throw new RangeError(`expected ${EXAMPLE}; nothing may follow the database`);
  const database = pathname.replace(/^\//, "");
  if (!/^\d{0,5}$/.test(database)) throw new RangeError(`expected ${EXAMPLE}; the database must be a number`);
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? DEFAULT_PORT : Number(port),
    tls: protocol === "rediss:",
    username: username === "" ? undefined : unescaped(username),
    password: password === "" ? undefined : unescaped(password),
    database: Number(database),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("a % in user or password must be written as %25");
  }
}

/** The address as logs show it: without user and password. */
export function shownAddress({ host, port, tls, database }: RedisAddress): string {
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "rediss" : "redis"}://${shownHost}:${port}/${database}`;
}
