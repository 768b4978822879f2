import { createCertificates } from "../certificates.ts";
import { RecordingServer } from "../recording_server.ts";
import type { TokenAuth } from "./registry.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

export interface TokenServerOptions {
  /** Passwords by name; `registryUser` suits the other servers here. Users may pull and push everything. */
  readonly users?: Readonly<Record<string, string>>;
  /** Which repositories may be pulled without a name; none where it is left out. */
  readonly anonymous?: RegExp;
}

/** What a token allows, as in the claim `access`. */
interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * A token server as the distribution project specifies it: GET with `service` and `scope`, Basic credentials or none,
 * an ES256-signed JWT back. As the Hub does, it gives a token that allows less where not all that was asked is allowed,
 * and 401 for wrong credentials. Other methods (the OAuth2 form) are 404, after which clients fall back to GET.
 */
export class TokenServer extends RecordingServer {
  /** How long tokens are valid; a registry lets another 60 s pass, so that -120 makes them invalid from the start. */
  lifetimeSeconds = 300;
  /** What `expires_in` says. */
  claimedSeconds = 300;
  readonly #directory: TempDir;
  readonly #signer: Signer;

  constructor(directory: TempDir, signer: Signer, options: TokenServerOptions) {
    super((request) => this.#answer(request, options));
    this.#directory = directory;
    this.#signer = signer;
  }

  /** What makes a registry send its clients here. */
  get auth(): TokenAuth {
    return {
      realm: `${this.url}/token`,
      service: "test-registry",
      issuer,
      rootcertbundle: this.#directory.join("ca.pem"),
    };
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }

  async #answer(request: Request, options: TokenServerOptions): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "GET" || pathname !== "/token") return new Response("not here", { status: 404 });
    const user = userOf(request.headers.get("authorization"), options.users ?? {});
    if (user === "wrong") return Response.json({ details: "incorrect username or password" }, { status: 401 });
    const wanted = searchParams.getAll("scope").flatMap((scopes) => scopes.split(" ")).map(parseScope);
    const access = user === null ? wanted.filter(({ name }) => options.anonymous?.test(name)).map(pullOnly) : wanted;
    const token = await this.#sign(user ?? "", searchParams.get("service") ?? "", access);
    return Response.json({ token, access_token: token, expires_in: this.claimedSeconds });
  }

  #sign(subject: string, audience: string, access: readonly Access[]): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 600, exp: now + this.lifetimeSeconds };
    return this.#signer.sign({ iss: issuer, sub: subject, aud: audience, ...times, jti: crypto.randomUUID(), access });
  }
}

const issuer = "test-issuer";

/** Starts a token server; the caller disposes of it. Needs openssl. */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const directory = await createTempDir("vault-tokens-");
  try {
    const { cert, key } = await createCertificates(directory);
    return new TokenServer(directory, await openSigner(cert, key), options);
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

interface Signer {
  sign(claims: unknown): Promise<string>;
}

/** Signs JWTs (RFC 7519) that carry their certificate in `x5c`. */
async function openSigner(certPath: string, keyPath: string): Promise<Signer> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("pkcs8", readPem(keyPath), algorithm, false, ["sign"]);
  const header = { typ: "JWT", alg: "ES256", x5c: [readPem(certPath).toBase64()] };
  const encode = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  return {
    async sign(claims) {
      const signed = `${encode(header)}.${encode(claims)}`;
      const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(signed));
      return `${signed}.${base64url(new Uint8Array(signature))}`;
    },
  };
}

/** The bytes in a PEM file. */
function readPem(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(Deno.readTextFileSync(path).replaceAll(/-----.*-----/g, ""));
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Null for nobody. */
function userOf(authorization: string | null, users: Readonly<Record<string, string>>): string | null {
  if (authorization === null) return null;
  const [name = "", password] = atob(authorization.replace(/^Basic /i, "")).split(":");
  return users[name] !== undefined && users[name] === password ? name : "wrong";
}

/** `repository:library/app:pull,push` */
function parseScope(scope: string): Access {
  const [type = "", ...rest] = scope.split(":");
  const actions = (rest.pop() ?? "").split(",");
  return { type, name: rest.join(":"), actions };
}

function pullOnly(access: Access): Access {
  return { ...access, actions: access.actions.filter((action) => action === "pull") };
}
