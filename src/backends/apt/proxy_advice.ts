import type { ProxyAdvice } from "../../backend.ts";

/** For apt, with the vault as its proxy (`Acquire::http::Proxy`). */
export const proxyAdvice: ProxyAdvice = {
  userAgent: "Debian APT",
  forAnotherUrl: 'an apt backend with that "mirror_url", or that URL among the "aliases" of one',
  insteadOfTunnel: "Let apt ask for http://HTTPS///host/path instead of https://host/path, or go there without the " +
    'vault: Acquire::https::Proxy "DIRECT";',
};
