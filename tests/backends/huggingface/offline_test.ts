import assert from "node:assert/strict";
import { offlineMiss } from "../../../src/backends/huggingface/offline_miss.ts";
import { parseRequest } from "../../../src/backends/huggingface/request.ts";

const commit = "c".repeat(40);

for (
  const [path, line] of [
    ["/acme/m/resolve/main/config.json", "hf:acme/m include=config.json"],
    [`/acme/m/resolve/${commit}/a/b.bin`, `hf:acme/m@${commit} include=a/b.bin`],
    ["/datasets/acme/d/resolve/main/x.csv", "hf:dataset:acme/d include=x.csv"],
    ["/kernels/acme/k/resolve/v1/x", "hf:kernel:acme/k@v1 include=x"],
    ["/gpt2/resolve/refs%2Fpr%2F1/x", "hf:gpt2@refs/pr/1 include=x"],
    ["/api/models/acme/m/revision/main", "hf:acme/m"],
    ["/api/datasets/acme/d/tree/main/data", "hf:dataset:acme/d"],
    ["/acme/m/resolve/main/a%20b.json", "hf:acme/m"],
    ["/acme/m/resolve/a%20b/x", null],
    ["/api/agent-harnesses", null],
    ["/acme/m", null],
  ] as const
) {
  Deno.test(`${path} is missed offline as ${line ?? "its path"}`, () => {
    assert.deepEqual(offlineMiss(parseRequest(path), null), { status: 410, line });
    assert.equal(offlineMiss(parseRequest(path), "hub").line, line && `${line} backend=hub`);
  });
}
