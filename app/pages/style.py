"""How the pages look: the system's fonts, light or dark as the reader likes it, on any width."""

STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6776;--paper:#fff;--tint:#f4f6f9;--line:#dde3ea;--link:#0b5cad;
--get:#0b6e4f;--post:#0b5cad;--delete:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9f0;--soft:#9aa7b6;--paper:#12161c;--tint:#1a2029;--line:#2c3542;
--link:#7db7ff;--get:#58c99b;--post:#7db7ff;--delete:#ff8a80}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0 auto;padding:2.5rem 1.25rem 4rem;max-width:60rem;background:var(--paper);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:2rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.02em}
h2{font-size:1.35rem;margin:3rem 0 .75rem;padding-top:1.25rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;margin:2.25rem 0 .5rem;scroll-margin-top:1rem}
h4{font-size:.8rem;margin:1.25rem 0 .4rem;color:var(--soft);text-transform:uppercase;letter-spacing:.05em}
p{margin:.5rem 0;max-width:46rem}
header p{color:var(--soft)}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.15em}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
td code,p code,li code{background:var(--tint);padding:.1em .3em;border-radius:.25em}
pre{margin:.5rem 0;padding:.8rem 1rem;background:var(--tint);border:1px solid var(--line);border-radius:.5rem;
overflow-x:auto}
pre code{overflow-wrap:normal}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{text-align:left;font-weight:600;color:var(--soft);white-space:nowrap}
th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap}
nav ul{columns:16rem;column-gap:2rem;padding:0;list-style:none;margin:.5rem 0}
nav li{display:flex;align-items:baseline;margin:.2rem 0;break-inside:avoid}
.method{display:inline-block;flex:none;width:4.2rem;font:600 .8rem/1.6 ui-monospace,Menlo,Consolas,monospace}
.GET{color:var(--get)}.POST{color:var(--post)}.DELETE{color:var(--delete)}
.need{color:var(--delete);font-size:.8rem}
.soft{color:var(--soft)}
details summary{cursor:pointer;margin:1rem 0 .25rem;font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1rem;margin-top:2rem}
.cards a{display:block;padding:1.1rem 1.25rem;border:1px solid var(--line);border-radius:.75rem;background:var(--tint);
color:var(--ink);text-decoration:none}
.cards a:hover,.cards a:focus-visible{border-color:var(--link)}
.cards b{display:block;color:var(--link);font-size:1.1rem;margin-bottom:.25rem}
.cards span{color:var(--soft)}
"""
