// The reference's words for what went wrong, by the status of the answer.
const CODES = new Map([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [412, "PreconditionFailed"],
  [429, "ResourceExhausted"],
  [500, "Internal"],
  [503, "ServiceUnavailable"],
]);

/**
 * The `error_code` label of a request; undefined where it was no error. Of what a model server answers all is its own
 * error; without an answer it is unknown.
 */
export function errorCode(status: number, local: boolean): string | undefined {
  if (status === 0) return "Unknown";
  if (status < 400) return undefined;
  if (!local) return "ModelServerError";
  return CODES.get(status) ?? "Unknown";
}
