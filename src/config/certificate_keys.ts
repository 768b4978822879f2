import { z } from "zod";
import { path } from "./kinds.ts";

/** A certificate and its key. */
export function certificatePair() {
  return z.strictObject({
    cert: path("file").describe("PEM file with the certificate and its chain."),
    key: path("file").describe("PEM file with the private key."),
  });
}

/** The one that upstreams are shown where they ask who the vault is. */
export const clientCertificate = certificatePair();
