import { registryCredentials } from "../../../../src/backends/oci/auth/registry_credentials.ts";
import { createUpstreamClient, type UpstreamClient, type UpstreamOptions } from "../../../../src/upstream/client.ts";
import {
  type Answer,
  type FakeUpstream,
  type FakeUpstreamOptions,
  startFakeUpstream,
} from "../../../support/fake_upstream.ts";

/** A user that the token server knows. */
export const login = { username: "jane", password: "pa:ss wörd" } as const;
export const loginHeader = "Basic amFuZTpwYTpzcyB3w7ZyZA==";

/**
 * Starts a registry that wants a token for every repository, and the server that gives them on an origin of its own.
 */
export function startTokenRegistry(tls?: FakeUpstreamOptions["tls"]): TokenRegistry {
  return new TokenRegistry(startFakeUpstream(tls === undefined ? {} : { tls }), startFakeUpstream());
}

/** Gives tokens `token-1`, `token-2` … and takes them for the scope they were given for. */
export class TokenRegistry implements AsyncDisposable {
  /** Beside `token` in every answer of the token server. */
  more: Record<string, unknown> = {};
  readonly #scopes = new Map<string, string>();
  #issued = 0;

  constructor(readonly registry: FakeUpstream, readonly auth: FakeUpstream) {
    auth.serve("/token", (request) => ({ body: JSON.stringify({ token: this.issue(request.target), ...this.more }) }));
  }

  /** Where tokens for pulling a repository are asked for. */
  target(repository: string): string {
    return `/token?service=reg.test&scope=${encodeURIComponent(`repository:${repository}:pull`)}`;
  }

  challenge(repository: string, scope = `repository:${repository}:pull`): string {
    return `Bearer realm="${this.auth.url("/token")}",service="reg.test",scope="${scope}"`;
  }

  /** Answers a path of a repository, for who has a token for it. */
  publish(repository: string, path: string, answer: Answer = { body: "here" }): string {
    this.registry.serve(`/v2/${repository}/${path}`, (request) => {
      const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
      if (this.#scopes.get(token)?.split(" ").includes(`repository:${repository}:pull`)) return answer;
      return { status: 401, body: "no", headers: { "www-authenticate": this.challenge(repository) } };
    });
    return this.registry.url(`/v2/${repository}/${path}`);
  }

  /** A new token for the scopes in the query of a token request. */
  issue(target: string): string {
    const token = `token-${++this.#issued}`;
    this.#scopes.set(token, new URL(target, this.auth.origin).searchParams.getAll("scope").join(" "));
    return token;
  }

  /** No token that was given is taken any longer. */
  revokeAll(): void {
    this.#scopes.clear();
  }

  /** What each request to the registry had for `authorization`. */
  get sent(): (string | null)[] {
    return authorizations(this.registry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.auth[Symbol.asyncDispose]();
  }
}

/** The `authorization` of every request that a server got. */
export function authorizations(server: FakeUpstream): (string | null)[] {
  return server.requests.map(({ headers }) => headers.get("authorization"));
}

/** A client of the registry, anonymous and without retries unless said otherwise. */
export function registryClient(
  registry: FakeUpstream,
  credentials: { login?: typeof login; token?: string; authUrl?: string; insecure?: boolean } = {},
  options: Partial<UpstreamOptions> = {},
): UpstreamClient & Disposable {
  const client = createUpstreamClient({
    timeoutMs: 10_000,
    retries: 0,
    userAgent: "artifact-vault/test",
    credentials: registryCredentials({ insecure: false, ...credentials }),
    headers: [],
    origins: [registry.origin],
    allowPrivateRedirects: false,
    random: () => 0,
    ...options,
  });
  return { ...client, [Symbol.dispose]: () => client.close() };
}

/** Status and body of one request. */
export async function ask(client: UpstreamClient, url: string, init: RequestInit = {}): Promise<[number, string]> {
  const response = await client.fetch(new Request(url, init));
  return [response.status, await response.text()];
}
