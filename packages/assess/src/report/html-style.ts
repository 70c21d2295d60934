/** The style of the report page: light and dark by what the reader prefers, from 320 px on, and for paper. */
export const STYLE: string = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --ink: #171a1f; --soft: #545c68; --code: #f0f2f5; --accent: #1f5fbf;
  --critical: #a3007a; --high: #c2261d; --medium: #935700; --low: #1f5fbf; --info: #545c68; --held: #1b6e3c; --open: #7a4b00;
  --critical-tint: #fbeaf6; --high-tint: #fdecea; --medium-tint: #fdf3e1; --low-tint: #e9f1fc; --info-tint: #eef0f3; --open-tint: #fdf3e1; --held-tint: #e7f5ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #111419; --card: #191d24; --line: #2d343e; --ink: #e8ebf0; --soft: #a3adba; --code: #11151a; --accent: #8ab6ff;
    --critical: #ff8fd9; --high: #ff9187; --medium: #f2b95c; --low: #8ab6ff; --info: #a3adba; --held: #79d49a; --open: #f2b95c;
    --critical-tint: #35162c; --high-tint: #381a17; --medium-tint: #33260f; --low-tint: #16253b; --info-tint: #232932; --open-tint: #33260f; --held-tint: #14301f;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2.5rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .75rem }
h3 { font-size: 1.0625rem; line-height: 1.35; margin: 0 }
h2 .count { color: var(--soft); font-weight: 400 }
p { margin: .5rem 0 }
a { color: var(--accent) }
code, pre, .mono { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
.brand { color: var(--soft); font-size: .875rem; letter-spacing: .08em; text-transform: uppercase; margin: 0 0 .5rem }
.target { font-size: 1.0625rem; margin: 0; overflow-wrap: anywhere }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .75rem 0 0; padding: 0; color: var(--soft); font-size: .9375rem }
.facts div { display: flex; gap: .4rem } .facts dt { margin: 0 } .facts dd { margin: 0; color: var(--ink); overflow-wrap: anywhere }
.verdict { margin: 1.5rem 0 0; padding: 1rem 1.25rem; border-radius: .75rem; border: 1px solid; font-size: 1.0625rem }
.verdict strong { display: block }
.verdict.held { background: var(--held-tint); border-color: var(--held) } .verdict.held strong { color: var(--held) }
.verdict.open { background: var(--open-tint); border-color: var(--open) } .verdict.open strong { color: var(--open) }
.verdict.found { background: var(--high-tint); border-color: var(--high) } .verdict.found strong { color: var(--high) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.75rem, 1fr)); gap: .625rem; margin: 1.25rem 0 0; padding: 0; list-style: none }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .75rem .875rem }
.tile b { display: block; font-size: 1.625rem; line-height: 1.15; font-variant-numeric: tabular-nums }
.tile span { font-size: .875rem; color: var(--soft) }
.tile.none b { color: var(--soft); font-weight: 400 }
.critical { --tone: var(--critical); --tint: var(--critical-tint) } .high { --tone: var(--high); --tint: var(--high-tint) }
.medium { --tone: var(--medium); --tint: var(--medium-tint) } .low { --tone: var(--low); --tint: var(--low-tint) }
.info { --tone: var(--info); --tint: var(--info-tint) } .untried { --tone: var(--open); --tint: var(--open-tint) } .pass { --tone: var(--held); --tint: var(--held-tint) }
.tile:not(.none) b, .tile .shape { color: var(--tone, var(--ink)) }
.card { background: var(--card); border: 1px solid var(--line); border-left: .3125rem solid var(--tone, var(--line)); border-radius: .75rem; padding: 1.125rem 1.25rem; margin: 0 0 .875rem; break-inside: avoid-page }
.badge { display: inline-block; background: var(--tint); color: var(--tone); border-radius: 99rem; padding: .0625rem .625rem; font-size: .8125rem; font-weight: 650; text-transform: uppercase; letter-spacing: .04em; margin: 0 0 .5rem; white-space: nowrap }
.where { margin: .375rem 0 0; color: var(--soft); font-size: .9375rem } .where code { color: var(--ink) }
.fix { background: var(--code); border-radius: .5rem; padding: .625rem .875rem; margin: .75rem 0 0 }
.fix b { color: var(--held) }
.small { color: var(--soft); font-size: .875rem }
.marks { display: flex; flex-wrap: wrap; gap: .25rem .875rem; margin: .75rem 0 0; color: var(--soft); font-size: .8125rem }
details { margin: .75rem 0 0 } summary { cursor: pointer; color: var(--accent); font-size: .9375rem; width: fit-content; max-width: 100% }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .25rem }
.exchanges { list-style: none; margin: .625rem 0 0; padding: 0 }
.exchanges li { border-top: 1px solid var(--line); padding: .625rem 0 }
.line { display: flex; flex-wrap: wrap; gap: .25rem .625rem; align-items: baseline }
.line .who { color: var(--soft); font-size: .875rem } .status { font-weight: 650; font-variant-numeric: tabular-nums }
.headers { margin: .375rem 0 0; padding: 0; list-style: none; color: var(--soft) } .headers code { color: var(--ink) } .headers li { border: 0; padding: 0 }
pre { margin: .5rem 0 0; background: var(--code); border-radius: .5rem; padding: .5rem .75rem; white-space: pre-wrap; max-height: 16rem; overflow: auto }
ul.names { margin: .25rem 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .25rem .75rem }
table { width: 100%; border-collapse: collapse; font-size: .9375rem } th { text-align: left; color: var(--soft); font-weight: 500 }
th, td { padding: .4375rem .75rem .4375rem 0; border-top: 1px solid var(--line); vertical-align: top } td { overflow-wrap: anywhere } thead th { border-top: 0; padding-top: 0 }
footer { padding: 2rem 1.25rem 3rem; color: var(--soft); font-size: .875rem }
@media (max-width: 34rem) {
  main, header, footer { padding-left: 1rem; padding-right: 1rem } header { padding-top: 1.5rem } h1 { font-size: 1.4375rem }
  .card { padding: 1rem } thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
  tr, td { display: block }  td { border: 0; padding: 0 } tr { border-top: 1px solid var(--line); padding: .5rem 0 }
}
@media print {
  :root { color-scheme: light; --ground: #fff; --code: #f4f4f4 } body { font-size: 10.5pt } main, header, footer { max-width: none; padding: 0 }
  details::details-content { content-visibility: visible; display: block; height: auto } summary { color: var(--ink) } pre { max-height: none }
}
`
