/** What is wrong with a Redis, for people. Problems of one kind are one news. */
export interface Problem {
  readonly kind: "away" | "credentials" | "permission" | "wrong-type" | "not-usable";
  readonly text: string;
}

/** By the first word of an error reply (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
const REPLIES: readonly { readonly begins: RegExp; readonly kind: Problem["kind"]; readonly text: string }[] = [
  {
    begins: /^(WRONGPASS|NOAUTH|ERR (invalid password|AUTH|Client sent AUTH))/,
    kind: "credentials",
    text: "it refuses user or password; they belong into --redis (INLINE_EPP_REDIS) or --redis-password-file",
  },
  {
    begins: /^NOPERM/,
    kind: "permission",
    text: "the user of --redis may not do what is needed; docs/replicas.md lists commands, keys and channels",
  },
  {
    begins: /^WRONGTYPE/,
    kind: "wrong-type",
    text: "something else is stored under the key of --replica-group; remove it, or choose another group",
  },
  {
    begins: /^READONLY/,
    kind: "not-usable",
    text: "it is a read-only copy; --redis must name the primary",
  },
  {
    begins: /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT)/,
    kind: "not-usable",
    text: "it is a Redis Cluster, which --redis cannot use",
  },
  {
    begins: /^ERR (unknown command|unknown subcommand|syntax error|value is not an integer|unsupported)/i,
    kind: "not-usable",
    text: "it is too old, or no Redis; --redis needs Redis 6.2 or newer, or Valkey",
  },
  { begins: /^(LOADING|BUSY|MASTERDOWN)/, kind: "away", text: "it does not answer commands now" },
  { begins: /^Unknown RESP type/, kind: "not-usable", text: "what answers there is no Redis" },
  { begins: /^NOPROTO/, kind: "not-usable", text: "it is too old; --redis needs Redis 6.2 or newer, or Valkey" },
  { begins: /^ERR DB index|^ERR invalid DB/, kind: "not-usable", text: "it has no such database as --redis names" },
  { begins: /^[A-Z]{3,} /, kind: "not-usable", text: "it refuses what --redis is for" },
];

/** Codes of errors that files have and connections do not. */
const FILE_ERRORS = new Set(["ENOENT", "EACCES", "EISDIR"]);

/**
 * What an error of a connection or of a command means. A server that does not know a command repeats its arguments, and
 * of the first one, which says who comes, a password is one: they are left out.
 */
export function problemOf(error: Error): Problem {
  const message = error.message.replace(/, with args beginning with.*/s, "");
  const reply = REPLIES.find(({ begins }) => begins.test(message));
  if (reply !== undefined) return { kind: reply.kind, text: `${reply.text} (${message})` };
  const { code } = error as NodeJS.ErrnoException;
  if (FILE_ERRORS.has(code ?? "")) {
    return { kind: "credentials", text: `--redis-password-file cannot be read: ${message}` };
  }
  return { kind: "away", text: message || code || error.name };
}
