import type { Artifact, Backend, CachingPolicy, Freshness } from "./artifact.ts";
import { createHttpBackend } from "./backends/http.ts";
import type { BackendConfig, Config } from "./config/schema.ts";
import { VaultError } from "./errors.ts";
