import { socketClient } from "./exchange.ts";
import type { OwnRequestInfo } from "./own_pages.ts";
import { isLoopback } from "./own_names.ts";
import { problemReply } from "./problem.ts";
import type { Reply } from "./reply.ts";

/** Who may change things by the network: whoever connects from this machine, or nobody. */
export type Administration = "loopback" | "nobody";

type Asker = Pick<OwnRequestInfo, "client">;

/** The headers that tell that a proxy has passed a request on: its own address is then not that of who asks. */
const ofProxies = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/**
 * Says who may change something through the server, and see what is not for everyone: a client of this very machine,
 * which no header can claim to be, and whoever can open the control socket. A web page in a browser is neither.
 */
export class Administrators {
  readonly #administration: () => Administration;

  /** `administration` returns what the configuration says now. */
  constructor(administration: () => Administration) {
    this.#administration = administration;
  }

  /** True for the administrator, who may see everything. */
  isOne(headers: Headers, asker: Asker): boolean {
    return this.#whyNobody(headers, asker) === null;
  }

  /** The reply that refuses a change; null where the client may make it. */
  refusal(method: string, headers: Headers, asker: Asker): Reply | null {
    const detail = this.#whyNobody(headers, asker) ?? whyForeign(headers);
    return detail === null ? null : problemReply(method, { status: 403, detail });
  }

  #whyNobody(headers: Headers, { client }: Asker): string | null {
    if (client === socketClient) return null;
    const { host } = client;
    if (this.#administration() === "nobody") {
      return "Nothing can be changed through the server, since its configuration has administration: nobody. " +
        "Use artifact-vault cache on its machine";
    }
    if (!isLoopbackAddress(host)) {
      return `Only clients on the vault's own machine may do this, and yours has the address ${host}. Ask from there, ` +
        "at http://127.0.0.1, or use artifact-vault cache";
    }
    const proxied = ofProxies.find((name) => headers.has(name));
    if (proxied !== undefined) {
      return `A proxy has passed this request on (it has ${proxied}), so that the vault does not know who asks. Ask ` +
        "the vault itself, from its own machine";
    }
    if (isLoopback(nameOf(headers.get("host") ?? ""))) return null;
    // Another name may be that of a web page whose DNS has been turned to this machine.
    return "The Host of this request does not name the vault's own machine: ask for http://127.0.0.1 or " +
      "http://localhost, with the vault's port";
  }
}

/** Why a request that changes something was made by a web page of somebody else; null where it was not. */
function whyForeign(headers: Headers): string | null {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isOwn = (site === null || site === "same-origin") &&
    (origin === null || URL.parse(origin)?.host === URL.parse(`http://${headers.get("host")}`)?.host);
  if (isOwn) return null;
  return "A web page of another site has sent this request (see its Origin and Sec-Fetch-Site). Changes are made on " +
    "the vault's own pages, or by a program";
}

/** True for an address of this machine, also as IPv6 writes those of IPv4. */
export function isLoopbackAddress(address: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/i.test(address);
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}
