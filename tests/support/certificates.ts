import type { TempDir } from "./temp_dir.ts";

/** PEM files of a certificate for 127.0.0.1 and of the authority that signed it. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate authority and one certificate with openssl. */
export async function createCertificates(dir: TempDir): Promise<Certificates> {
  const [ca, caKey, cert, key] = ["ca.pem", "ca.key", "cert.pem", "cert.key"].map((name) => dir.join(name)) as [
    string,
    string,
    string,
    string,
  ];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...ec, "-keyout", caKey, "-out", ca, "-days", "2", "-subj", "/CN=test authority");
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
  const signed = ["-CA", ca, "-CAkey", caKey, "-days", "2", "-subj", "/CN=127.0.0.1"];
  await openssl("req", "-x509", ...ec, ...signed, ...names, "-keyout", key, "-out", cert);
  return { ca, cert, key };
}

/** Makes a certificate for a client of this name, signed by the authority that `createCertificates` made there. */
export async function createClientCertificate(dir: TempDir, name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [dir.join(`${name}.pem`), dir.join(`${name}.key`)];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const signed = ["-CA", dir.join("ca.pem"), "-CAkey", dir.join("ca.key"), "-days", "2", "-subj", `/CN=${name}`];
  const purpose = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=clientAuth"];
  await openssl("req", "-x509", ...ec, ...signed, ...purpose, "-keyout", key, "-out", cert);
  return { cert, key };
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdin: "null" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
