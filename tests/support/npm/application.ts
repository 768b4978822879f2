/** What an application of some 400 packages, with those that they need, names itself. */
export const applicationDependencies: Readonly<Record<string, string>> = {
  "@babel/preset-env": "7.24.7",
  eslint: "8.57.0",
  express: "4.19.2",
  jest: "29.7.0",
  react: "18.3.1",
  webpack: "5.92.1",
};

/** As many packages are installed at least. */
export const leastPackages = 300;

/** The registry of npm's own settings, without a slash at its end; null where there is no npm. */
export async function configuredRegistry(): Promise<string | null> {
  const command = new Deno.Command("npm", { args: ["config", "get", "registry"], stdin: "null", stderr: "null" });
  const output = await command.output().catch(() => null);
  const url = output === null ? null : URL.parse(new TextDecoder().decode(output.stdout).trim());
  return url?.href.replace(/\/$/, "") ?? null;
}
