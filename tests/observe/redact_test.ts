import assert from "node:assert/strict";
import { redact, redactUrl } from "../../src/observe/redact.ts";

const urls = [
  { url: "https://user:secret@host/path", shown: "https://***@host/path" },
  { url: "https://user:p@ss@host:8443/path", shown: "https://***@host:8443/path" },
  { url: "https://token@host", shown: "https://***@host" },
  { url: "https://host/a?token=secret", shown: "https://host/a?token=***" },
  { url: "https://host/a?b=1&access_token=secret&c=2", shown: "https://host/a?b=1&access_token=***&c=2" },
  {
    url: "https://s3/x?X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA%2Fus&X-Amz-Signature=abc",
    shown: "https://s3/x?X-Amz-Algorithm=AWS4&X-Amz-Credential=***&X-Amz-Signature=***",
  },
  {
    url: "https://cdn/x?Expires=1&Policy=abc&Signature=def&Key-Pair-Id=K1",
    shown: "https://cdn/x?Expires=1&Policy=***&Signature=***&Key-Pair-Id=***",
  },
  { url: "https://blob/x?sv=2024&sig=a%2Bb", shown: "https://blob/x?sv=2024&sig=***" },
  { url: "/http/x?password=a&apikey=b&q=c", shown: "/http/x?password=***&apikey=***&q=c" },
  { url: "https://host/@scope/name?design=1&keyword=2", shown: "https://host/@scope/name?design=1&keyword=2" },
  { url: "https://host/path", shown: "https://host/path" },
];

for (const { url, shown } of urls) {
  Deno.test(`shown: ${shown}`, () => {
    assert.equal(redactUrl(url), shown);
    assert.equal(redact(`Cannot fetch "${url}": it broke`), `Cannot fetch "${shown}": it broke`);
  });
}

const texts = [
  { text: "Authorization: Bearer abc.def.ghi", shown: "Authorization: ***" },
  {
    text: 'sent {"authorization":"Basic dXNlcjpwYXNz","accept":"*/*"}',
    shown: 'sent {"authorization":"***","accept":"*/*"}',
  },
  { text: "Proxy-Authorization=Basic dXNlcjpwYXNz ok", shown: "Proxy-Authorization=*** ok" },
  { text: "cookie: session=abc", shown: "cookie: ***" },
  { text: "answered Bearer eyJhbGciOiJIUzI1NiJ9.e30 to us", shown: "answered Bearer *** to us" },
  { text: "Basic authentication is wanted here", shown: "Basic authentication is wanted here" },
  { text: "a = b, c@d", shown: "a = b, c@d" },
];

for (const { text, shown } of texts) {
  Deno.test(`shown: ${shown}`, () => assert.equal(redact(text), shown));
}
