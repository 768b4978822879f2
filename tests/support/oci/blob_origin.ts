import { RecordingServer } from "../recording_server.ts";
import { serveFile } from "../serve_file.ts";

/**
 * Starts the other origin that a registry redirects to: serves `/<digest>` out of a registry's storage, ranges too. Its
 * record has the headers that came. The caller disposes of it.
 */
export function startBlobOrigin(storage: string): RecordingServer {
  return new RecordingServer((request) => {
    const [algorithm = "", hex = ""] = new URL(request.url).pathname.slice(1).split(":");
    const path = `${storage}/docker/registry/v2/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}/data`;
    return serveFile(request, path, { etag: `"${hex}"` });
  });
}
