import assert from "node:assert/strict";
import { missingPrograms } from "../support/programs.ts";
import { kib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { testInTurn } from "../support/thorough.ts";
import { runVault } from "../support/vault_process.ts";

/** Asks for each URL with GET and HEAD, as the JDK's own client does by default and when it is told to use HTTP/1.1. */
const program = `
import java.net.URI;
import java.net.http.*;
public class Ask {
  public static void main(String[] args) throws Exception {
    for (var version : new HttpClient.Version[] { HttpClient.Version.HTTP_2, HttpClient.Version.HTTP_1_1 }) {
      var client = HttpClient.newBuilder().version(version).build();
      for (var method : new String[] { "GET", "HEAD" }) {
        var request = HttpRequest.newBuilder(URI.create(args[0]))
          .method(method, HttpRequest.BodyPublishers.noBody()).build();
        var response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        System.out.println(version + " " + method + " " + response.statusCode() + " " + response.body().length);
      }
    }
  }
}`;

const ignore = missingPrograms("nginx", "java").length > 0;

// This holds what is so today. When the runtime learns to ignore Upgrade (denoland/deno#34446), the first two lines
// become 200: then limit `refusesUpgrades` in src/cli/runtime.ts to the versions before, and say so in docs/running.md.
testInTurn(
  { name: "java.net.http is served when it asks for HTTP/1.1, and as `check` says when it does not", ignore },
  async () => {
    await using scene = await createScene();
    const file = await scene.addFile("app.jar", 10 * kib);
    await using vault = await scene.startVault();
    const source = scene.dir.join("Ask.java");
    await Deno.writeTextFile(source, program);
    const { stderr: said } = await runVault(["check", "--config", scene.configPath]);
    const refused = said.includes("java.net.http");
    const { stdout, stderr } = await new Deno.Command("java", { args: [source, vault.url(`/files/${file.name}`)] })
      .output();
    assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
      refused ? "HTTP_2 GET 400 0" : `HTTP_2 GET 200 ${file.sizeBytes}`,
      refused ? "HTTP_2 HEAD 400 0" : "HTTP_2 HEAD 200 0",
      `HTTP_1_1 GET 200 ${file.sizeBytes}`,
      "HTTP_1_1 HEAD 200 0",
    ], new TextDecoder().decode(stderr));
  },
);
