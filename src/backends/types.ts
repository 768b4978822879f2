import { typeNamesOf } from "../config/backend_schemas.ts";
import type { BackendConfig } from "../config/schema.ts";
import { apt } from "./apt/apt.ts";
import type { BackendType } from "./backend_type.ts";
import { http } from "./http/http.ts";
import { huggingface } from "./huggingface/huggingface.ts";
import { jsr } from "./jsr/jsr.ts";
import { npm } from "./npm/npm.ts";
import { oci } from "./oci/oci.ts";
import { pypi } from "./pypi/pypi.ts";

/** Every type of backend there is, in the order of the documentation. To add a protocol, add a line here. */
export const backendTypes: readonly BackendType[] = [
  http,
  oci,
  pypi,
  apt,
  npm,
  jsr,
  huggingface,
];

/** The type of a backend that was parsed by the schema of one of `types`. */
export function typeOf({ type }: BackendConfig, types: readonly BackendType[] = backendTypes): BackendType {
  return types.find(({ schema }) => typeNamesOf(schema).includes(type))!;
}
