// What the page shows of a configuration. The picker needs no secrets, but a configuration written for another one may
// have some in parameters that are passed over here.

const HIDDEN = "(hidden)";
/** Keys behind which nothing is shown. */
const SECRET_KEY = /passw|secret|credential/i;
/** Keys behind which no text is shown; figures there are numbers of tokens. */
const SECRET_TEXT_KEY = /(token|api[-_]?key|private[-_]?key|authorization)$/i;
/** The part of a URL that says who asks. */
const USER_IN_URL = /([a-z][a-z\d+.-]*:\/\/)[^\s/"']+@/gi;
/** A secret with its name before it, as in the query of a URL or a list of options. */
const NAMED_SECRET = /((?:token|passw\w*|secret|api[-_]?key|signature)=)("[^"]*"|'[^']*'|[^&\s"',;]+)/gi;

/** A text without the secrets that it has in URLs and options. */
export function hideInText(text: string): string {
  return text.replace(USER_IN_URL, `$1${HIDDEN}@`).replace(NAMED_SECRET, `$1${HIDDEN}`);
}

function hideIn(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((one) => hideIn(one, key));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, hideIn(one, isSecret(key) ? key : name)]),
    );
  }
  if (value === "" || value === null) return value;
  if (SECRET_KEY.test(key)) return HIDDEN;
  if (typeof value !== "string") return value;
  return SECRET_TEXT_KEY.test(key) ? HIDDEN : hideInText(value);
}

function isSecret(key: string): boolean {
  return SECRET_KEY.test(key) || SECRET_TEXT_KEY.test(key);
}

/** A document without what looks like a secret, by its name or by its form. */
export function hideSecrets(document: object): object {
  return hideIn(document, "") as object;
}
