/** Milliseconds until a sidecar that does not answer is given up. */
const PATIENCE_MS = 10_000;

/** A sidecar's state cannot be had. */
export class StateUnavailable extends Error {}

function causeOf(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${PATIENCE_MS / 1000} s`;
  const { code, message = error.message } = (error.cause ?? {}) as { code?: string; message?: string };
  return message === "" ? (code ?? error.message) : message;
}

/** The address of GET /state at a sidecar's, which may itself be given. */
export function stateUrl(sidecar: URL): URL {
  const url = new URL(sidecar);
  url.pathname = `${url.pathname.replace(/\/(state\/?)?$/, "")}/state`;
  return url;
}

/**
 * Asks a running sidecar for its state: a snapshot's JSON.
 * @param sidecar address of its port for metrics and probes.
 * @throws StateUnavailable telling what to look at.
 */
export async function fetchState(sidecar: URL): Promise<string> {
  const url = stateUrl(sidecar);
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const body = await answer.text();
    if (answer.status === 503) throw new StateUnavailable(`${url} answers 503: the sidecar is starting; ask again`);
    if (answer.status === 401 || answer.status === 403) {
      const curl = `curl -H "Authorization: Bearer $TOKEN" ${url}`;
      throw new StateUnavailable(
        `${url} answers ${answer.status}: ${body.trim()}; save what ${curl} shows, and give it with --state`,
      );
    }
    if (!answer.ok) {
      throw new StateUnavailable(`${url} answers ${answer.status}: is that the --metrics-port of a sidecar?`);
    }
    return body;
  } catch (error) {
    if (error instanceof StateUnavailable) throw error;
    const cause = causeOf(error as Error);
    throw new StateUnavailable(
      `cannot reach ${url}: ${cause}; is the sidecar running, and is that its --metrics-port?`,
    );
  }
}
