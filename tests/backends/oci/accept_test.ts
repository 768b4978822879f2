import assert from "node:assert/strict";
import { acceptClassOf } from "../../../src/backends/oci/accept.ts";

const docker = "application/vnd.docker.distribution.manifest.v2+json";
const list = "application/vnd.docker.distribution.manifest.list.v2+json";
const oci = "application/vnd.oci.image.manifest.v1+json";
const index = "application/vnd.oci.image.index.v1+json";
const signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const everything = `${docker}, ${list}, ${oci}, ${index}, */*`;

/** By what makes them: those that take every form share one class. */
const whole: Readonly<Record<string, string | null>> = {
  "no header": null,
  "an empty header": "",
  "anything": "*/*",
  "any application": "application/*;q=0.5",
  "as containerd says it": everything,
  "all four": [docker, list, oci, index].join(", "),
  "all four in another order, in capitals, without spaces": [index, oci, list, docker].join(",").toUpperCase(),
  "all four and more, as dockerd says it": [signed, index, oci, list, docker, "application/json"].join(", "),
  "one form, or else anything": `${docker}, */*;q=0.1`,
  "nothing that a manifest can be": "text/html",
};

for (const [name, accept] of Object.entries(whole)) {
  Deno.test(`every form of a manifest: ${name}`, () => {
    assert.deepEqual(acceptClassOf(accept), { keySuffix: "", accept: everything });
  });
}

const subsets = [
  { name: "one", accept: docker, keySuffix: "?only=docker", sent: docker },
  { name: "with a weight", accept: `${oci};q=0.9`, keySuffix: "?only=oci", sent: oci },
  {
    name: "in another order",
    accept: `${index}, ${docker}`,
    keySuffix: "?only=docker,oci_index",
    sent: `${docker}, ${index}`,
  },
  { name: "with others", accept: `${signed}, ${list},text/html`, keySuffix: "?only=docker_list", sent: list },
  {
    name: "what is refused",
    accept: `${docker}, ${list}, ${oci}, ${index};q=0, */*;q=0.0`,
    keySuffix: "?only=docker,docker_list,oci",
    sent: `${docker}, ${list}, ${oci}`,
  },
];

for (const { name, accept, keySuffix, sent } of subsets) {
  Deno.test(`some forms of a manifest: ${name}`, () => {
    assert.deepEqual(acceptClassOf(accept), { keySuffix, accept: sent });
  });
}
