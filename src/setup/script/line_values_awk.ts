/**
 * `withLineValues` of `edit/line_values.ts` in awk, for files as they are found: one key of one file, from standard
 * input. What it is to do is in its environment: `mode` (`value`, `append` for lines at the end, or `check` for nothing but
 * `secrets`, the keys with which a file is refused), `section`, `key`,
 * `line`, `loose`, `adds`, `outranked`, `format`, and `open`, which is 1 where the last line has no end. Ends with 3 where
 * a file has to be changed by hand, and then prints why.
 */
export const lineValuesAwk = String.raw`
function heading(l,  h) {
  if (!match(l, /^[ \t\r]*\[[^]]*\]/)) return ""
  h = substr(l, 1, RLENGTH)
  sub(/^[ \t\r]*\[[ \t\r]*/, "", h)
  sub(/[ \t\r]*\]$/, "", h)
  return "[" h
}
function key_of(l,  k, rest) {
  sub(/^export[ \t]+/, "", l)
  if (!match(l, /^("[^"]*"|[^ \t\r#;=:"]+)/)) return ""
  k = substr(l, 1, RLENGTH)
  rest = substr(l, RLENGTH + 1)
  return rest == "" || rest ~ /^[ \t\r=:]/ ? k : ""
}
function bare_of(l) {
  if (format == "ini" || format == "toml") sub(/^[ \t\r]+/, "", l)
  return l
}
function is_key(i,  k) {
  if (i in continued) return 0
  k = key_of(bare_of(text[i]))
  if (loose) { k = tolower(k); gsub(/_/, "-", k) }
  return k == key
}
function column(l) {
  return match(l, /[^ \t\r]/) ? RSTART : 0
}
function is_idle(l) {
  return l ~ /^[ \t\r]*([#;].*)?$/
}
# Lines that belong to the value above, as Python's configparser sees it: they are further in than its key.
function find_continued(  i, own, level) {
  for (i = 1; i <= n; i++) if (!is_idle(text[i])) {
    own = column(text[i])
    if (level && own > level) continued[i] = 1
    else level = heading(text[i]) == "" ? own : 0
  }
}
function refuse_secrets(  i, k, count, keys) {
  count = split(ENVIRON["secrets"], keys, " ")
  find_range(section)
  for (i = from; from && i < to; i++) for (k = 1; k <= count; k++) if (!(i in continued) && key_of(bare_of(text[i])) == keys[k])
    refuse("Line " i " has " keys[k] " for whichever registry is set, and the vault would get it; bind it to its own registry, or remove it.")
}
function refuse(why) {
  print why
  exit 3
}
function heading_at(i) {
  return i in continued ? "" : heading(text[i])
}
function find_range(name,  i) {
  from = 1
  if (name != "") {
    for (from = 1; from <= n && heading_at(from) != "[" name; from++);
    if (from++ > n) { from = 0; return }
  }
  for (to = from; to <= n && heading_at(to) == ""; to++);
  for (i = to; name != "" && i <= n; i++) if (heading_at(i) == "[" name)
    refuse("Line " i " begins [" name "] a second time; put both together.")
}
# Refuses what would need a parser.
function check(i, l,  bare, odd) {
  if (format == "ini" && l !~ /^[ \t\r]*([#;].*)?$/ && l !~ /^\[[^]]+\][ \t\r]*$/ &&
      l !~ /^[^ \t\r=:[][^=:]*[=:]/ && l !~ /^[ \t\r]+[^ \t\r]/ && l !~ /^[A-Za-z0-9_.-]+[ \t\r]*$/)
    refuse("Line " i " is neither a section nor a key with a value.")
  if (format != "toml" && format != "yaml") return
  bare = l
  sub(/^[ \t\r]+/, "", bare)
  if (bare == "" || bare ~ /^#/) return
  if (format == "yaml") {
    if (bare == l && l !~ /^[A-Za-z0-9_.\/@-]+[ \t]*:([ \t\r]|$)/ && !(l ~ /^---[ \t\r]*$/ && starts))
      refuse("Line " i " cannot be read without a parser.")
    starts = 0
    return
  }
  if (heading(l) == "[[" section) refuse("Line " i " leaves no place for it.")
  if (heading(l) != "") { in_table = 1; return }
  if (l ~ /"""|'''/ || bare !~ /^[A-Za-z0-9_."-]+[ \t]*=[ \t]*[^ \t\r]/ || bare ~ /[[{(,][ \t\r]*(#.*)?$/)
    refuse("Line " i " cannot be read without a parser.")
  odd = l ~ /^[ \t]*"/
  gsub(/"/, "", bare)
  if (!in_table && index(bare, section) == 1 && substr(bare, length(section) + 1) ~ /^[ \t]*[.=]/ ||
      odd && key_of(bare) == key)
    refuse("Line " i " leaves no place for it.")
}
{ text[NR] = $0 }
END {
  mode = ENVIRON["mode"]; section = ENVIRON["section"]; key = ENVIRON["key"]; line = ENVIRON["line"]
  loose = ENVIRON["loose"] != ""; adds = ENVIRON["adds"]; format = ENVIRON["format"]; open = ENVIRON["open"] + 0
  n = NR
  if (n > 0 && substr(text[1], 1, 3) == "\357\273\277") { mark = "\357\273\277"; text[1] = substr(text[1], 4) }
  if (n == 1 && text[1] == "" && open) n = open = 0
  crlf = n > open
  for (i = 1; i <= n - open; i++) if (text[i] !~ /\r$/) crlf = 0
  if (crlf) for (i = 1; i <= n - open; i++) sub(/\r$/, "", text[i])
  if (format == "ini" && section != "") find_continued()
  if (mode == "check") { refuse_secrets(); exit }
  starts = 1
  for (i = 1; i <= n; i++) check(i, text[i])
  at = 0; added = ""
  if (mode == "append") {
    at = n + 1
    added = "\n" line
    open = 0
  } else {
    count = split(ENVIRON["outranked"], stronger, " ")
    for (s = 1; s <= count; s++) {
      find_range(stronger[s])
      for (i = from; from && i < to; i++) if (is_key(i))
        refuse("Line " i " sets it for [" stronger[s] "] alone, which comes first; remove it.")
    }
    find_range(section)
    found = 0
    for (i = from; from && i < to; i++) if (is_key(i)) {
      if (found && loose) refuse("Line " i " sets " key " a second time; remove one.")
      found = i
    }
    if (found && text[found] != line) {
      for (i = found + 1; i <= n && is_idle(text[i]); i++);
      if (text[found] ~ /[[{(\\][ \t\r]*$/ || text[i] ~ /^[ \t\r]*- / ||
          i in continued || column(text[i]) > column(text[found]) && heading(text[i]) == "")
        refuse("Line " found " begins a value of several lines; set it by hand.")
      if (adds == "refuse") refuse("Line " found " has a list, " key ", with other items; add the vault by hand.")
      if (adds == "") {
        if (format == "plain" && text[found] !~ /^(export[ \t]+)?[^ \t\r=:]+[ \t=:]*("[^"]*"|'[^']*'|[^ \t\r"'${"`"};&]*)[ \t\r]*(#.*)?$/)
          refuse("Line " found " does more than to set " key "; set it by hand.")
        match(text[found], /^[ \t\r]*/)
        text[found] = substr(text[found], 1, RLENGTH) line
      } else {
        count = split(text[found], words, /[ \t\r=]+/)
        for (i = 1; i <= count && words[i] != adds; i++);
        if (i > count) { sub(/[ \t\r]+$/, "", text[found]); text[found] = text[found] " " adds }
      }
    } else if (!found) {
      at = section == "" ? to : from
      added = line
      if (section != "" && from && format == "ini") {
        for (i = from; i < to && is_idle(text[i]); i++);
        if (i < to && match(text[i], /^[ \t\r]*/)) added = substr(text[i], 1, RLENGTH) line
      }
      if (!from) { at = n + 1; added = (n ? "\n" : "") "[" section "]\n" line }
    }
  }
  eol = crlf ? "\r\n" : "\n"
  if (crlf) gsub(/\n/, "\r\n", added)
  if (at) {
    for (i = n; i >= at; i--) text[i + 1] = text[i]
    text[at] = added
    n++
  }
  printf "%s", mark
  for (i = 1; i <= n; i++) printf "%s%s", text[i], (i < n || !open ? eol : "")
}
`.trim();
