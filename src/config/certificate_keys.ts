import { z } from "zod";
import { path } from "./value_types.ts";

/** The schema of a certificate with its private key. */
export function certificatePair() {
  return z.strictObject({
    cert: path("file").describe("PEM file with the certificate and its chain."),
    key: path("file").describe("PEM file with the private key."),
  });
}

/** The certificate by which the vault authenticates itself to upstreams (mutual TLS). */
export const clientCertificate = certificatePair();
