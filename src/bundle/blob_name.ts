/** The body that OCI has for an empty configuration (image-spec, "Guidance for an Empty Descriptor"). */
export const emptyConfig = {
  bytes: new TextEncoder().encode("{}"),
  sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
};

/** The name of a blob in an image layout (image-spec, "Blobs"). */
export function blobName(sha256: string): string {
  return `blobs/sha256/${sha256}`;
}
