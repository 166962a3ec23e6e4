import type { Reviewer } from "../../../sidecar/observe/review.ts";

/** Who a token belongs to, and the paths that this one may get. */
export interface Owner {
  readonly username: string;
  readonly groups?: readonly string[];
  readonly paths: readonly string[];
}

interface Spec {
  readonly token?: string;
  readonly user?: string;
  readonly nonResourceAttributes?: { readonly path: string; readonly verb: string };
}

/** An API server as far as reviews go: it knows some tokens, and can be told to fail or to hold its answers. */
export class ApiDouble implements Reviewer {
  readonly owners = new Map<string, Owner>();
  /** Every object that was posted, with its path. */
  readonly posts: { path: string; body: { kind: string; apiVersion: string; spec: Spec } }[] = [];
  /** Where set, what every post ends with. */
  failure: Error | undefined;
  #held: (() => void)[] | undefined;

  async post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const posted = body as (typeof this.posts)[number]["body"];
    this.posts.push({ path, body: posted });
    if (this.#held !== undefined) {
      const held = this.#held;
      await new Promise<void>((resolve, reject) => {
        held.push(resolve);
        signal.addEventListener("abort", () => reject(new Error("broken off")));
      });
    }
    if (this.failure !== undefined) throw this.failure;
    return { ...posted, status: this.#status(posted.spec) };
  }

  /** Posts from now on wait. */
  hold(): void {
    this.#held = [];
  }

  /** Lets all waiting posts go on, and later ones pass. */
  release(): void {
    for (const go of this.#held ?? []) go();
    this.#held = undefined;
  }

  #status({ token, user, nonResourceAttributes }: Spec): object {
    if (token !== undefined) {
      const owner = this.owners.get(token);
      if (owner === undefined) return { authenticated: false, error: "no such token" };
      return { authenticated: true, user: { username: owner.username, uid: "u-1", groups: owner.groups } };
    }
    const owner = [...this.owners.values()].find(({ username }) => username === user);
    const allowed = nonResourceAttributes?.verb === "get" && owner?.paths.includes(nonResourceAttributes.path);
    return { allowed: allowed === true };
  }
}

/** An answer of an API server that says no. */
export function apiError(status: number, message: string): Error {
  return Object.assign(new Error(message), { status });
}
