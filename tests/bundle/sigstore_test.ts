import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { sign } from "../../src/bundle/signature.ts";
import { createKeyPair, readPrivateKey } from "../../src/bundle/signing_key.ts";

/** PublicKeyDetails.PKIX_ECDSA_P256_SHA_256 (sigstore_common.proto). */
const ecdsaP256 = 5;
const noServices = { tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
const mediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

Deno.test("@sigstore/verify takes a signature for the signed bytes, and for no others", async () => {
  const pair = await createKeyPair();
  const key = await readPrivateKey(pair.privatePem, "test");
  const rawBytes = Buffer.from(pair.publicPem.replace(/-----.*-----|\s/g, ""), "base64");
  const material = toTrustMaterial({ mediaType, ...noServices }, {
    [key.fingerprint]: { rawBytes, keyDetails: ecdsaP256 },
  });
  const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  // The numbers of a signature may be short, or need a zero byte in front.
  for (let round = 0; round < 300; round++) {
    const text = new TextEncoder().encode(`{"round":${round}}`);
    const signature = bundleFromJSON(JSON.parse(await sign(text, key)));
    verifier.verify(toSignedEntity(signature, Buffer.from(text)));
    text[2] = 0;
    assert.throws(() => verifier.verify(toSignedEntity(signature, Buffer.from(text))), /signature verification failed/);
  }
});
