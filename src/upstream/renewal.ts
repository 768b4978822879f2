import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { discardBody } from "./byte_source.ts";
import type { Credentials } from "./credentials.ts";

/** Credentials whose secret may change while the program runs. */
export interface RenewableCredentials {
  /** Returns the credentials as of the last seconds: the same object until the secret changes. */
  current(): Credentials;
  /** Reads the credentials again, and returns them. */
  reread(): Credentials;
}

/**
 * Sends requests with the credentials, through a `Fetch` that `create` makes anew whenever they change. A request that
 * is refused (401, 403, or the error `denied`) is sent once more if the credentials have changed since it was sent.
 */
export function withRenewal(credentials: RenewableCredentials, create: (credentials: Credentials) => Fetch): Fetch {
  let made = createFrom(credentials.current());

  function createFrom(known: Credentials) {
    return { known, fetch: create(known) };
  }

  function fetchWith(known: Credentials): Fetch {
    if (made.known !== known) made = createFrom(known);
    return made.fetch;
  }

  return async (request, asked) => {
    const sent = credentials.current();
    // A body can be sent once only.
    const again = request.body === null ? request : request.clone();
    const outcome = await outcomeOf(fetchWith(sent)(request, asked));
    const known = isRefusal(outcome) ? credentials.reread() : sent;
    if (known === sent) {
      if (outcome instanceof Response) return outcome;
      throw outcome;
    }
    if (outcome instanceof Response) discardBody(outcome);
    return await fetchWith(known)(again, asked);
  };
}

/** Returns a refusal by the token server, which is an error, as a value; throws every other error. */
async function outcomeOf(response: Promise<Response>): Promise<Response | VaultError> {
  try {
    return await response;
  } catch (error) {
    if (error instanceof VaultError && error.code === "denied") return error;
    throw error;
  }
}

function isRefusal(outcome: Response | VaultError): boolean {
  return outcome instanceof VaultError || outcome.status === 401 || outcome.status === 403;
}
