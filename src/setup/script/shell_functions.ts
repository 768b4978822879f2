import { lineValuesAwk } from "./line_values_awk.ts";
import { repositoriesAwk } from "./repositories_awk.ts";
import { quoted } from "./quoted.ts";

/**
 * What all scripts have in common, for any POSIX shell. It keeps changes as `kept_change.ts` and `made_folders.ts` do, so
 * that the command and the script can undo each other's. A script defines `client`, `probe`, `scopes`, `restart`, `note`,
 * `url`, `variables`, and the functions `folders`, which sets the user's folders, and `files`, which calls `look` and then one of `own`, `tables`, `merge`, `value` and `repositories` for
 * each file.
 */
export const shellFunctions = String.raw`
say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
wrong() { printf 'setup: %s\n' "$*" >&2; exit 2; }
refuse() {
  fail "Cannot change \"$path\", which stays as it is. $1 Use artifact-vault setup, or put this into it by hand:
$wish"
}
full() { fail "Cannot write to \"$work\". Nothing was changed"; }

# Reads a file as it is, and as it is without the vault's part. Fails where nothing is to be put into it.
look() {
  wish=$2
  at=$((at + 1))
  plan=$work/$at
  case $1$state in *'
'*) fail "\"$1\" has a line end in it, which setup cannot write down" ;; esac
  mkdir "$plan" || full
  printf '%s\n' "$1" >"$plan/path" || full
  open_plan
  if [ -n "$undo" ]; then is_mine || return 1; fi
  if [ -e "$path" ]; then
    [ -f "$path" ] || fail "\"$path\" is no file"
    cat "$path" >"$plan/current" || fail "Cannot read \"$path\""
    [ "$(tr -dc '\000' <"$plan/current" | wc -c)" -eq 0 ] || fail "Cannot change \"$path\": it is no text"
    case $(ls -ldL "$path") in ??w*) ;; *) fail "\"$path\" is read-only; what made it so has to change it" ;; esac
    [ "$(ls -ldL "$path" | awk 'NR == 1 { print $2 }')" = 1 ] ||
      fail "\"$path\" has another name (a hard link), which would keep the old text; change it by hand"
  elif [ -h "$path" ]; then
    fail "\"$path\" is a link to a file that does not exist"
  fi
  if [ -n "$undo" ] && others | grep -q .; then
    : >"$plan/leave"
    return 1
  fi
  if [ ! -f "$kept/after" ]; then
    [ ! -f "$plan/current" ] || cp "$plan/current" "$plan/base" || full
  elif [ ! -f "$plan/current" ]; then :
  elif same "$plan/current" "$kept/after" || same "$plan/current" "$kept/before"; then
    [ ! -f "$kept/before" ] || cp "$kept/before" "$plan/base" || full
  else
    fail "\"$path\" was changed since. Try artifact-vault setup, or set it by hand; what it was is in \"$kept\""
  fi
  : >"$plan/ready"
  [ ! -f "$plan/base" ] || cp "$plan/base" "$plan/next" || full
  [ -z "$undo" ]
}
open_plan() {
  plan=$work/$at
  IFS= read -r path <"$plan/path"
  kept=${"${path#/}"}
  while :; do
    case $kept in */*) kept=${"${kept%%/*}"}%${"${kept#*/}"} ;; *) break ;; esac
  done
  kept=$state/$kept
}
same() { [ -f "$1" ] && [ -f "$2" ] && cmp -s "$1" "$2"; }
is_mine() { [ -f "$kept/after" ] && { [ ! -s "$kept/clients" ] || grep -qxF -- "$client" "$kept/clients"; }; }
others() { [ ! -f "$kept/clients" ] || grep -vxF -- "$client" "$kept/clients"; }
is_blank() { [ ! -f "$plan/base" ] || ! grep -q '[^[:space:]]' "$plan/base"; }

# A file that is the vault's own.
own() {
  printf '%s' "$1" >"$plan/next" || full
  [ -f "$kept/after" ] || [ ! -f "$plan/current" ] || same "$plan/current" "$plan/next" ||
    refuse "It is there already, and is not the vault's."
}
# Tables at the end of a TOML file that has nothing of this name; $3 says that there has to be such a file.
tables() {
  if is_blank; then
    [ -z "$3" ] || fail "There is no \"$path\": run this in the directory of the project"
    printf '%s' "$1" >"$plan/next" || full
    return
  fi
  ! sed 's/^[[:space:]]*#.*//' "$plan/base" | grep -Eq "(^|[^A-Za-z0-9_])$2([^A-Za-z0-9_]|\$)" ||
    refuse "It has a \"$2\" already."
  ! grep -Eq "\"\"\"|'''" "$plan/base" || refuse "It has texts of several lines."
  mode=append format=
  line=$(printf '%s' "$1")
  edit
}
# A list in a file that cannot be merged without a parser.
merge() {
  if is_blank; then printf '%s' "$1" >"$plan/next" || full
  elif [ -f "$kept/after" ] && grep -qF -- "$2" "$plan/current"; then cp "$plan/current" "$plan/next" || full
  else refuse "It is there already, and this script does not merge such files."
  fi
}
# A key with a line of its own: format, section, key, line, loose, adds, outranked.
value() {
  format=$1 section=$2 key=$3 line=$4 loose=$5 adds=$6 outranked=$7 mode=value
  edit
}
# Refuses a file that the client reads in place of the one that is changed.
shadowed() {
  [ ! -e "$1" ] || [ "$(readlink -f "$1")" = "$(readlink -f "$path")" ] ||
    fail "\"$1\" is there, and $client reads it in place of \"$path\". Give it that name, or remove it"
}
# Refuses a file with secrets that its client would send to the vault: path, format, section, keys.
without() {
  [ -z "$undo" ] && [ -f "$1" ] || return 0
  format=$2 section=$3 secrets=$4 mode=check open=0
  export mode format section secrets open
  why=$(awk "$editor" <"$1") || fail "Cannot change \"$path\", which stays as it is. \"$1\": $why"
}
# Sources of apt, with lines of a repository and the vault's URL for it.
repositories() {
  places=$1
  export places
  run_awk "$changer"
}
edit() {
  export mode format section key line loose adds outranked
  # Lines are named by their numbers as they are in the file.
  [ ! -f "$plan/base" ] || open=0 awk "$editor" <"$plan/base" >"$plan/edited" || refuse "$(cat "$plan/edited")"
  run_awk "$editor"
}
run_awk() {
  [ -f "$plan/next" ] || : >"$plan/next" || full
  # Whether the last line has no end.
  open=1
  case $(tail -c 1 "$plan/next"; echo .) in . | "
.") open=0 ;; esac
  export open
  awk "$1" <"$plan/next" >"$plan/edited" || refuse "$(cat "$plan/edited")"
  mv "$plan/edited" "$plan/next" || full
}

is_changed() {
  ! same "$plan/current" "$plan/next" && { [ -f "$plan/current" ] || [ -f "$plan/next" ]; }
}
show() {
  old=$plan/current new=$plan/next
  [ -f "$old" ] || old=/dev/null
  [ -f "$new" ] || new=/dev/null
  say "--- $path"
  say "+++ $path"
  if command -v diff >/dev/null; then diff -u "$old" "$new" | sed 1,2d
  else sed 's/^/-/' "$old"; sed 's/^/+/' "$new"
  fi
}

# Carries a plan out. A change is kept before it is made, so that what was changed can always be restored.
carry_out() {
  if [ -f "$plan/leave" ]; then
    others >"$plan/clients"
    say "\"$path\" stays as it is: it is set up for $(tr '\n' ' ' <"$plan/clients")too"
    [ -n "$dry" ] || cat "$plan/clients" >"$kept/clients"
  fi
  [ -f "$plan/ready" ] || return 0
  changed=
  ! is_changed || changed=yes
  if [ -n "$changed" ]; then
    any=yes
    show
  fi
  [ -z "$dry" ] || return 0
  had=
  if [ -f "$kept/after" ]; then
    had=yes
    cp -pR "$kept" "$plan/earlier"
  fi
  keeps=
  [ -n "$undo" ] || same "$plan/base" "$plan/next" || keeps=yes
  if [ -n "$keeps" ]; then keep || fail "Cannot keep what \"$path\" is in \"$kept\""; fi
  if [ -n "$changed" ] && ! write; then
    if [ -n "$keeps" ]; then
      rm -rf "$kept"
      if [ -n "$had" ]; then cp -pR "$plan/earlier" "$kept"; else forget_folders; fi
    fi
    fail "Cannot write \"$path\""
  fi
  hand_over
  if [ -z "$keeps" ] && [ -n "$had" ]; then
    rm -rf "$kept"
    forget_folders
  fi
}
# Gives what was made the owner of the folder around it, where the superuser makes it for somebody else.
hand_over() {
  [ "$(id -u)" = 0 ] || return 0
  [ ! -s "$plan/made" ] || while IFS= read -r one; do adopt "$one"; done <"$plan/made"
  for one in "$state/made" "$kept" "$kept"/*; do adopt "$one"; done
  [ -f "$plan/current" ] || adopt "$path"
}
adopt() {
  [ -e "$1" ] || return 0
  owner=$(owner_of "${"${1%/*}"}/.")
  [ "$owner" = "$(owner_of "$1")" ] || chown -h "$owner" "$1" || :
}
owner_of() { ls -ldn "$1" | awk 'NR == 1 { print $3 ":" $4 }'; }
keep() (
  umask 077
  { missing "$state"; missing "${"${path%/*}"}"; } | awk '!seen[$0]++' >"$plan/made"
  mkdir -p "$kept" || exit 1
  if [ -f "$plan/base" ]; then cat "$plan/base" >"$kept/before" || exit 1; else rm -f "$kept/before"; fi
  { [ ! -f "$kept/clients" ] || cat "$kept/clients"; say "$client"; } | sort -u >"$plan/clients"
  cat "$plan/clients" >"$kept/clients" && cat "$plan/next" >"$kept/after" || exit 1
  [ ! -s "$plan/made" ] || cat "$plan/made" >>"$state/made"
)
# Those folders of a path that do not exist, the outermost first.
missing() {
  folder=$1 list=
  while [ -n "$folder" ] && [ ! -d "$folder" ]; do
    list=$folder'
'$list
    folder=${"${folder%/*}"}
  done
  printf '%s' "$list"
}
write() {
  if [ ! -f "$plan/next" ]; then
    rm -f "$path"
    return
  fi
  target=$path
  if [ -e "$path" ]; then target=$(readlink -f "$path") || return 1; else mkdir -p "${"${path%/*}"}" || return 1; fi
  fresh=$target.artifact-vault-$$
  # The copy gets the mode and the owner of the file.
  if [ -e "$target" ]; then cp -p "$target" "$fresh" || return 1; fi
  cat "$plan/next" >"$fresh" && mv -f "$fresh" "$target" && { fresh=; return; }
  return 1
}
# Removes folders that were made for settings and are empty.
forget_folders() {
  [ -d "$state" ] || return 0
  : >"$work/left"
  : >"$work/above"
  [ ! -f "$state/made" ] || sort -ru "$state/made" | while IFS= read -r folder; do
    case $state/ in "$folder"/*) say "$folder" >>"$work/above"; continue ;; esac
    rmdir "$folder" 2>/dev/null || [ ! -d "$folder" ] || say "$folder" >>"$work/left"
  done
  if [ -n "$(ls -A "$state" | grep -vx made)" ]; then
    [ ! -f "$state/made" ] || sort "$work/above" "$work/left" >"$state/made"
    return 0
  fi
  rm -f "$state/made"
  rmdir "$state"
  while IFS= read -r folder; do rmdir "$folder" 2>/dev/null || :; done <"$work/above"
}

# Says which variables keep the client from what was written.
overridden() {
  for name in $variables; do
    eval "value=\${$name-}"
    case $value in '' | "$url"*) ;; *) say "note: $name is set in this environment, which comes before the file: unset it" ;; esac
  done
}

answers() {
  if command -v curl >/dev/null; then
    answer=$(curl -fsS -m 15 "$probe")
  elif command -v wget >/dev/null; then
    answer=$(wget -q -O - "$probe")
  else
    say "note: neither curl nor wget is here, so nobody has asked whether the vault answers"
    return
  fi
  case $answer in
    '#!/bin/sh'*) ;;
    *) fail "$probe does not answer as a vault that serves $client. Nothing was changed; --no-check leaves this out" ;;
  esac
}

main() {
  scope= asked= home= root= undo= dry= check=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --dry-run) dry=yes ;;
      --undo) undo=yes ;;
      --no-check) check= ;;
      --system | --user)
        [ -z "$asked" ] || [ "$asked" = "$1" ] || wrong "--system and --user cannot both be meant"
        asked=$1
        ;;
      --root)
        [ $# -gt 1 ] || wrong "--root needs a folder"
        root=$(CDPATH= cd -- "$2" && pwd -P) || wrong "There is no folder \"$2\""
        [ "$root" != / ] || root=
        shift
        ;;
      *) wrong "\"$1\" is no option; --dry-run, --undo, --system, --user, --root DIR and --no-check are" ;;
    esac
    shift
  done
  case $asked in --system) scope=system ;; --user) scope=user ;; *) scope=${"${scopes%% *}"} ;; esac
  case " $scopes " in *" $scope "*) ;; *) wrong "$client has no settings for --$scope; leave the option out" ;; esac
  case $HOME in
    /*) home=$root${"${HOME%/}"} ;;
    *) [ "$scope" = system ] || wrong "HOME does not say where your settings are; set it, or use --system" ;;
  esac
  folders
  case $XDG_STATE_HOME in /*) state=$root${"${XDG_STATE_HOME%/}"} ;; *) state=$home/.local/state ;; esac
  state=$state/artifact-vault-setup
  [ "$scope" = user ] || state=$root/var/lib/artifact-vault-setup
  here=$(pwd -P)
  work=$(mktemp -d) || fail "There is no place for files"
  fresh=
  trap 'rm -rf "$work" ${'${fresh:+"$fresh"}'}' EXIT
  trap 'exit 1' HUP INT TERM
  LC_ALL=C
  export LC_ALL
  umask 022
  at=0 any=
  files || :
  [ -z "$check" ] || [ -n "$dry$undo" ] || answers
  last=$at
  at=0
  while [ "$at" -lt "$last" ]; do
    at=$((at + 1))
    open_plan
    carry_out
  done
  if [ -z "$any$undo" ]; then say "nothing to change"
  elif [ -z "$any" ]; then say "nothing to change: setup --$scope has changed nothing for $client"
  elif [ -n "$dry" ]; then say "nothing was changed (--dry-run)"
  elif [ -n "$restart" ]; then say "next: $restart"
  fi
  [ -n "$undo$root" ] || overridden
  [ -z "$note" ] || [ -n "$undo" ] || say "note: $note"
}

editor=${quoted(lineValuesAwk)}
changer=${quoted(repositoriesAwk)}
`.trim();
