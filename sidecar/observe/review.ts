// Asks an API server who a token belongs to and whether its owner may read a path.

/** The one thing that reviews need of a connection to an API server. */
export interface Reviewer {
  /** Sends an object as JSON and returns the object that answers. Rejects where the answer is no 2xx, and on abort. */
  post(path: string, body: object, signal: AbortSignal): Promise<unknown>;
}

/** What a review has come to. */
export type Verdict = "allowed" | "unknown token" | "denied";

/** The API server could not be asked, or did not answer as one; the message is for people. */
export class ReviewFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message);
    this.name = "ReviewFailed";
    this.cause = cause;
  }
}

const TOKEN_REVIEWS = { group: "authentication.k8s.io", plural: "tokenreviews", kind: "TokenReview" } as const;
const ACCESS_REVIEWS = {
  group: "authorization.k8s.io",
  plural: "subjectaccessreviews",
  kind: "SubjectAccessReview",
} as const;
type Kind = typeof TOKEN_REVIEWS | typeof ACCESS_REVIEWS;

const FORBIDDEN = 403;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function failureOf({ group, plural }: Kind, error: unknown, signal: AbortSignal): ReviewFailed {
  const { status, message } = signal.aborted ? { status: 0, message: signal.reason } : fieldsOf(error);
  if (status === FORBIDDEN) {
    const rule = `{apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["create"]}`;
    return new ReviewFailed(`this sidecar may not ask who reads: give its user a ClusterRole with ${rule}`, error);
  }
  return new ReviewFailed(`the API server cannot be asked who reads: ${String(message)}`, error);
}

/** The status of the review that answers a specification. */
async function review(reviewer: Reviewer, kind: Kind, spec: object, signal: AbortSignal): Promise<Fields> {
  const apiVersion = `${kind.group}/v1`;
  const body = { apiVersion, kind: kind.kind, spec };
  const answer = await reviewer.post(`/apis/${apiVersion}/${kind.plural}`, body, signal).catch((error: unknown) => {
    throw failureOf(kind, error, signal);
  });
  const { status } = fieldsOf(answer);
  if (typeof status !== "object" || status === null) {
    throw new ReviewFailed(`the API server answers a ${kind.kind} without a status`);
  }
  return status as Fields;
}

/**
 * Whether the owner of a token may get a path of this process, as the cluster's RBAC says for nonResourceURLs.
 * @param signal breaks off, with a reason in words.
 * @throws ReviewFailed where the API server cannot tell.
 */
export async function reviewRead(
  reviewer: Reviewer,
  token: string,
  path: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const who = await review(reviewer, TOKEN_REVIEWS, { token }, signal);
  if (who.authenticated !== true) return "unknown token";
  const { username, uid, groups, extra } = fieldsOf(who.user);
  const nonResourceAttributes = { path, verb: "get" };
  const may = await review(
    reviewer,
    ACCESS_REVIEWS,
    { user: username, uid, groups, extra, nonResourceAttributes },
    signal,
  );
  return may.allowed === true ? "allowed" : "denied";
}
