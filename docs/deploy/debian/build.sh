#!/bin/sh
# Makes the Debian package: build.sh EXECUTABLE FOLDER [ARCHITECTURE]. Called by make deb.
set -eu

executable=$1
out=$2
arch=${3:-$(dpkg --print-architecture)}
here=$(dirname "$0")
top=$here/../../..
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$top/deno.json")
# All files of one commit have one time, so that the package is the same each time it is made.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
umask 022
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

place() {
  install -D -m "$1" "$2" "$tree/$3"
}

place 755 "$executable" usr/bin/artifact-vault
install -d -m 755 "$tree/etc/artifact-vault"
sed 's,^cache_dir: \./cache .*,cache_dir: /var/cache/artifact-vault,' "$top/config-sample.yml" > \
  "$tree/etc/artifact-vault/config.yml"
chmod 644 "$tree/etc/artifact-vault/config.yml"
place 644 "$here/../logrotate" etc/logrotate.d/artifact-vault
place 644 "$here/lintian-overrides" usr/share/lintian/overrides/artifact-vault
install -d -m 755 "$tree/lib/systemd/system" "$tree/usr/share/doc/artifact-vault" "$tree/usr/share/man/man1"
sed -e '1,2d' -e 's,/usr/local/bin/,/usr/bin/,' -e 's/^DynamicUser=yes$/User=artifact-vault\nGroup=artifact-vault/' \
  "$here/../artifact-vault.service" > "$tree/lib/systemd/system/artifact-vault.service"
{
  sed '/^@LICENSE@$/,$d' "$here/copyright"
  sed -e '1,/^$/d' -e 's/^$/./' -e 's/^/ /' "$top/LICENSE"
} > "$tree/usr/share/doc/artifact-vault/copyright"
sed "s/@VERSION@/$version/" "$here/artifact-vault.1" | gzip -9n > "$tree/usr/share/man/man1/artifact-vault.1.gz"
printf 'artifact-vault (%s) stable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' "$version" "$version" \
  "Artifact Vault maintainers <maintainers@artifact-vault.invalid>" \
  "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$tree/usr/share/doc/artifact-vault/changelog.gz"
chmod 644 "$tree"/usr/share/doc/artifact-vault/* "$tree"/usr/share/man/man1/* "$tree"/lib/systemd/system/*

size=$(du -sk "$tree" | cut -f 1)
mkdir "$tree/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" "$here/control" > "$tree/DEBIAN/control"
for script in postinst prerm postrm; do place 755 "$here/$script" "DEBIAN/$script"; done
printf '/etc/artifact-vault/config.yml\n/etc/logrotate.d/artifact-vault\n' > "$tree/DEBIAN/conffiles"
(cd "$tree" && find usr lib -type f -exec md5sum {} + | LC_ALL=C sort -k 2) > "$tree/DEBIAN/md5sums"
chmod 644 "$tree/DEBIAN/control" "$tree/DEBIAN/conffiles" "$tree/DEBIAN/md5sums"
mkdir -p "$out"
dpkg-deb --root-owner-group -Zxz -z1 --build "$tree" "$out/artifact-vault_${version}_$arch.deb"
