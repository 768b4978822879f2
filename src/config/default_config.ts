/** What is served without a configuration file: well-known download sites, each below its name. */
export const defaultConfigText = `
backends:
  - type: http
    name: apache
    config:
      base_url: https://downloads.apache.org

  - type: http
    name: maven
    config:
      base_url: https://repo1.maven.org/maven2
      rules:
        - {match: "**/maven-metadata.xml*", ttl: 5m}
        - {match: "**/*.{jar,pom,war,module}", immutable: true}

  - type: http
    name: gnu
    config:
      base_url: https://ftp.gnu.org/gnu

  - type: http
    name: kernel
    config:
      base_url: https://cdn.kernel.org/pub

  - type: http
    name: nodejs
    config:
      base_url: https://nodejs.org/dist
      rules:
        - {match: "v*/**", immutable: true}
`;
