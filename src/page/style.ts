/** The style sheet of all pages. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fbfbf9; --raised: #ffffff; --text: #1d2126; --faint: #575f69; --line: #d9dcd6; --accent: #1f5fae;
  --good: #1a6b35; --warn: #8a5200; --bad: #b3261e; --hits: #2f8f54; --misses: #c98a1b; --errors: #c9352b; --others: #8a929b;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #15181b; --raised: #1d2125; --text: #e7e9ea; --faint: #a3abb3; --line: #343a40; --accent: #86b7f5;
    --good: #71cf92; --warn: #f0b45e; --bad: #ff8f85; --hits: #4bb274; --misses: #d9a441; --errors: #e2574c; --others: #79828b;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header { border-bottom: 1px solid var(--line); background: var(--raised); padding: .6rem 1rem; display: flex; gap: 1rem;
  align-items: baseline; }
#connection { flex: 1; text-align: right; }
header button { padding: .1rem .6rem; }
.brand { font-weight: 700; color: var(--text); text-decoration: none; }
main { max-width: 70rem; margin: 0 auto; padding: 0 1rem 4rem; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px;
}
.skip { position: absolute; left: -100vw; background: var(--raised); padding: .5rem 1rem; z-index: 1; }
.skip:focus { left: 0; }
section { margin-top: 2.2rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.1rem 0 .3rem; }
p { margin: .4rem 0; }
.small { color: var(--faint); font-size: .85rem; }
.text { overflow-wrap: anywhere; }
.verdict { font-size: 1.1rem; font-weight: 600; padding: .6rem .9rem; border-left: .4rem solid; border-radius: .3rem;
  background: var(--raised); }
.verdict.good { border-color: var(--good); } .verdict.warn { border-color: var(--warn); }
.verdict.bad { border-color: var(--bad); }
.state { white-space: nowrap; }
.state::before { content: "●"; margin-right: .35em; }
.good.state { color: var(--good); } .warn.state { color: var(--warn); } .bad.state { color: var(--bad); }
.calm.state { color: var(--faint); }
.wide { overflow-x: auto; }
.long { max-height: 34rem; overflow-y: auto; border-bottom: 1px solid var(--line); }
.long thead th { position: sticky; top: 0; background: var(--ground); }
.long table { table-layout: fixed; }
.long th:nth-child(1) { width: 6rem; } .long th:nth-child(2) { width: 32%; } .long th:nth-child(3) { width: 10.5rem; }
table { border-collapse: collapse; width: 100%; min-width: 40rem; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line);
  font-weight: 400; }
thead th { color: var(--faint); font-size: .85rem; white-space: nowrap; }
tbody th .small { display: block; }
.number { font-variant-numeric: tabular-nums; }
.number, .time, .one-line { white-space: nowrap; }
dl + details, details + h2 { margin-top: 1.2rem; }
.changes { display: flex; flex-wrap: wrap; gap: 0 .6rem; }
meter, progress { width: 100%; height: .8rem; accent-color: var(--accent); }
.transfers, .problems, .warnings { list-style: none; padding: 0; margin: 0; }
.transfers li, .problems li { padding: .4rem 0; border-bottom: 1px solid var(--line); }
.warnings li { border-left: .3rem solid var(--warn); padding-left: .6rem; margin: .3rem 0; }
.transfers .small { display: block; }
pre { margin: 0; padding: .6rem .8rem; background: var(--raised); border: 1px solid var(--line); border-radius: .3rem;
  overflow-x: auto; font-size: .88rem; }
code, pre { font-family: ui-monospace, monospace; }
.tabs details { border-bottom: 1px solid var(--line); }
.tabs summary { cursor: pointer; padding: .3rem 0; }
.tabs details[open] summary { font-weight: 600; }
.lines { display: flex; gap: .6rem; align-items: flex-start; margin-bottom: .6rem; }
.lines pre { flex: 1; min-width: 0; }
button, input, select { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--faint);
  border-radius: .3rem; padding: .3rem .8rem; }
button { cursor: pointer; }
form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: .6rem 0; }
input[type=search] { flex: 1; min-width: 10rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0 1.5rem; }
.columns ol { padding-left: 1.4rem; margin: 0; }
.columns li .small { white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1.5rem; margin: 1rem 0 .5rem; }
.chart { margin: 0; }
.chart svg { display: block; width: 100%; height: 7rem; }
figcaption { font-size: .92rem; }
.ends { display: flex; justify-content: space-between; }
.axis { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.ground { fill: transparent; }
rect.hits { fill: var(--hits); } rect.misses { fill: var(--misses); }
rect.others { fill: var(--others); } rect.errors { fill: var(--errors); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.2em; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin-right: .2em; forced-color-adjust: none; }
.key.hits { background: var(--hits); } .key.misses { background: var(--misses); } .key.others { background: var(--others); }
.key.errors { background: var(--errors); }
dl { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: .2rem 1rem; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  table { min-width: 0; }
  table, tbody, tbody tr, tbody th, tbody td { display: block; width: auto; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  tbody th, tbody td { padding: 0; border: 0; }
  tbody th { font-weight: 600; }
  td.number, td.time[data-label] { display: inline-block; margin-right: 1rem; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--faint); }
}
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } .lines { display: block; }
  .lines button { margin-top: .4rem; } }
@media print {
  :root { color-scheme: light; }
  header, form, button { display: none; }
  .wide, .long { max-height: none; overflow: visible; }
  table { min-width: 0; }
  tr, li, .chart { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
}
`;
