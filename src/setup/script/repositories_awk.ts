/**
 * `withRepositories` of `edit/repositories.ts` in awk. In its environment are `places`, a line for each repository, and
 * `open`, which is 1 where the last line has no end.
 */
export const repositoriesAwk = String.raw`
BEGIN {
  count = split(ENVIRON["places"], pairs, "\n")
  for (i = 1; i <= count; i++) if (split(pairs[i], pair, " ") == 2) place[pair[1]] = pair[2]
}
{
  done = ""
  rest = $0
  while (rest !~ /^[ \t]*#/ && match(rest, /https?:\/\/[^ \t\r]+/)) {
    word = substr(rest, RSTART, RLENGTH)
    name = word
    sub(/^https?:\/\//, "", name)
    sub(/\/+$/, "", name)
    if (name in place) word = place[name] (word ~ /\/$/ ? "/" : "")
    done = done substr(rest, 1, RSTART - 1) word
    rest = substr(rest, RSTART + RLENGTH)
  }
  printf "%s%s%s", (NR > 1 ? "\n" : ""), done, rest
}
END { if (NR > 0 && ENVIRON["open"] != 1) printf "\n" }
`.trim();
