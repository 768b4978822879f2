import type { TrustedProxies } from "./trusted_proxies.ts";
import type { Log } from "../observe/log.ts";
import type { Vault } from "../vault/vault.ts";
import type { EndedRequest } from "./access_line.ts";
import type { AdminOptions } from "./admin.ts";
import type { RequestsUnderWay } from "./requests_under_way.ts";
import type { UpstreamLeaks } from "./upstream_leaks.ts";

export interface HandlerOptions extends AdminOptions {
  readonly vault: Vault;
  readonly log: Log;
  /** Counts the requests under way, own pages apart; 512 at most where absent. */
  readonly underWay?: RequestsUnderWay;
  /**
   * The time that an interrupted body of unknown length stands still, for clients that may speak HTTP/1.0; 0 where
   * absent.
   */
  readonly silenceMs?: number;
  /** For tests: the time after which clients get what is foretold of an answer. */
  readonly foretoldAfterMs?: number;
  /** The name of this vault in `Via`; without it no loop is found. */
  readonly viaName?: string;
  /** Watches for headers that lead clients past the vault; absent where nothing does. */
  readonly leaks?: UpstreamLeaks;
  /** Called for each request to a backend whose answer has ended, and for each that found none. */
  readonly ended?: (request: EndedRequest) => void;
  /** The proxies that are believed about who asks; none where absent. */
  readonly trustedProxies?: TrustedProxies;
  /** Hosts that are this vault, in lower case and perhaps with a port; none where it is not known. */
  readonly serverNames?: readonly string[];
}
