// What the page shows of a configuration. The picker needs no secrets, but a configuration written for another one may
// have some in parameters that are passed over here.

const HIDDEN = "(hidden)";
/** Names behind which nothing is shown. */
const SECRET_NAME = /passw|secret|credential/i;
const KEYS = "(?:api|private|access|account|shared|signing|encryption)[-_.]?key(?:[-_]?id)?";
/** Names behind which no text is shown; figures there are numbers of tokens. The last is that of a key's file. */
const SECRET_TEXT_NAME = new RegExp(`(?:token|pwd|authorization|bearer|${KEYS}|\\.key)$`, "i");
/** Where a list tells names and values apart, the keys of both. */
const NAME_KEYS = ["name", "key", "header"];
const VALUE_KEYS = ["value", "values"];
const FLAG = /^--?([\w.-]+)$/;

const PRIVATE_KEY = /-----BEGIN [^-]*PRIVATE KEY.*?(?:-----END [^-]*-----|$)/gs;
/** The part of a URL that says who asks. */
const USER_IN_URL = /([a-z][a-z\d+.-]*:\/\/)[^\s/"']+@/gi;
/** What stands between a name and its value, in options, YAML and JSON. */
const BETWEEN = String.raw`[\\"']*\s*[=:]\s*`;
const QUOTED = String.raw`\\?"[^"]*"|'[^']*'`;
const AUTHORIZATION = new RegExp(String.raw`(authorization${BETWEEN})(${QUOTED}|[^,;"'\r\n]+)`, "gi");
const CREDENTIALS = /\b(Bearer|Basic)\s+[^\s"',;]+/gi;
const NAMES = String.raw`(?:token|passw\w*|pwd|secret|credentials?|signature|${KEYS})`;
const VALUE = String.raw`(?:${QUOTED}|[^&\s"',;]+)`;
/** A secret with its name before it, as in the query of a URL or a list of options. */
const NAMED_SECRET = new RegExp(`(${NAMES}${BETWEEN})${VALUE}`, "gi");
const FLAGGED_SECRET = new RegExp(String.raw`((?<!\S)--?[\w.-]*${NAMES}\s+)${VALUE}`, "gi");

/** A text without the secrets that it has in URLs, headers, options and keys. */
export function hideInText(text: string): string {
  return text
    .replace(PRIVATE_KEY, HIDDEN)
    .replace(USER_IN_URL, `$1${HIDDEN}@`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(CREDENTIALS, `$1 ${HIDDEN}`)
    .replace(NAMED_SECRET, `$1${HIDDEN}`)
    .replace(FLAGGED_SECRET, `$1${HIDDEN}`);
}

/** @param name by which it is known whether the value is secret. */
function hideIn(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((one, index) => hideIn(one, flagBefore(value, index) ?? name));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    const beside = entries.find(([key, one]) => NAME_KEYS.includes(key) && isSecret(one))?.[1];
    const nameOf = (key: string) => (isSecret(name) ? name : VALUE_KEYS.includes(key) ? (beside ?? key) : key);
    return Object.fromEntries(entries.map(([key, one]) => [key, hideIn(one, nameOf(key))]));
  }
  if (value === "" || value === null) return value;
  if (SECRET_NAME.test(name)) return HIDDEN;
  if (typeof value !== "string") return value;
  return SECRET_TEXT_NAME.test(name) ? HIDDEN : hideInText(value);
}

/** The flag that a list has before an argument, where it says that the argument is secret. */
function flagBefore(list: readonly unknown[], index: number): string | undefined {
  const before = list[index - 1];
  const flag = typeof before === "string" ? FLAG.exec(before)?.[1] : undefined;
  return isSecret(flag) ? flag : undefined;
}

function isSecret(name: unknown): name is string {
  return typeof name === "string" && (SECRET_NAME.test(name) || SECRET_TEXT_NAME.test(name));
}

/** A document without what looks like a secret, by its name or by its form. */
export function hideSecrets(document: object): object {
  return hideIn(document, "") as object;
}
