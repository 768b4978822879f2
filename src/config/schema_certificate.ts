import { z } from "zod";
import { text } from "./kinds.ts";

/** A certificate and its key. */
export function certificatePair() {
  return z.strictObject({
    cert: text("file").describe("PEM file with the certificate and its chain."),
    key: text("file").describe("PEM file with the private key."),
  });
}

/** The one that upstreams are shown where they ask who the vault is. */
export const clientCertificate = certificatePair();
