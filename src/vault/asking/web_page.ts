import type { Artifact } from "../../artifact.ts";
import { headerOf } from "../../http/headers.ts";
import { acceptsHtml, isHtml } from "../../http/media_type.ts";
import type { Version } from "../../store/store.ts";

/** The endings of names whose files are never web pages, whatever type a server gives them. */
const endings = new Set(
  `7z aar apk appimage asc avi bin bmp br bundle bz2 cab cer class conda cpio crate crl crt crx css csv dat deb der dll
  dmg docx dsc ear egg eot exe flatpak flac gem gguf gif gpg gz h5 hpi icns ico img ipk iso jar jpeg jpg jpi json jsonl
  key lz lz4 lzma lzo md5 mkv module mov mp3 mp4 msi msix nupkg ogg onnx otf parquet pdf pem pkg png pom ppm pt pth pyz
  qcow2 rar rpm run safetensors sha1 sha256 sha512 sig sign snap so sqlite squashfs tar tbz tbz2 tgz tlz toml ttf txz
  tzst udeb vdi vhd vhdx vmdk vsix war wasm webp whl woff woff2 xlsx xml xz yaml yml z zck zip zsync zst`.split(/\s+/),
);

export interface Sent {
  readonly method: string;
  readonly contentType: string | null;
  /** The copy that this answer would replace. */
  readonly held: Version | null;
}

/**
 * Says whether an answer is a web page in place of the artifact: a login page, a captive portal, a notice of
 * maintenance. Such answers have status 200, and only their type shows it: the stored copy is of another type, the name
 * has an ending of other files, or the request takes no pages. A body that is checked itself is not judged by its type.
 */
export function isWebPageInPlaceOf(artifact: Artifact, { method, contentType, held }: Sent): boolean {
  if (!isHtml(contentType) || artifact.webPages === "allowed") return false;
  if (artifact.webPages === "refused") return true;
  if (method === "GET" && (artifact.identity.kind === "digest" || artifact.document?.check)) return false;
  return isOtherType(held) || endings.has(endingOf(artifact.key)) ||
    !acceptsHtml(headerOf(artifact.requestHeaders, "accept"));
}

function isOtherType(held: Version | null): boolean {
  const type = held === null ? undefined : headerOf(held.headers, "content-type");
  return type !== undefined && !isHtml(type);
}

/** Returns the text behind the last dot of a key's last segment, in lower case; empty where there is no dot. */
function endingOf(key: string): string {
  return /\.([^./]+)$/.exec(key.split("?", 1)[0]!)?.[1]?.toLowerCase() ?? "";
}
