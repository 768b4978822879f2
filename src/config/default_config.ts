/**
 * The configuration that counts without a file: everything that the README shows, each below its name; images at the
 * root, too.
 */
export const defaultConfigText = `
backends:
  - type: dockerhub
    name: dockerhub
    config: {}

  - type: oci
    name: registries
    config:
      repositories:
        - registry_url: https://ghcr.io
        - registry_url: https://quay.io

  - type: pypi
    name: pypi
    config: {}

  - type: npm
    name: npm
    config: {}

  - type: jsr
    name: jsr
    config: {}

  - type: apt
    name: debian
    config:
      mirror_url: http://deb.debian.org/debian

  - type: apt
    name: debian-security
    config:
      mirror_url: http://deb.debian.org/debian-security
      aliases: http://security.debian.org/debian-security

  - type: apt
    name: ubuntu
    config:
      mirror_url: http://archive.ubuntu.com/ubuntu
      aliases: http://security.ubuntu.com/ubuntu

  - type: huggingface
    name: huggingface
    config: {}

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
