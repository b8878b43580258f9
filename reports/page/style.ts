import { declarations } from '../charts/theme.ts';

/** The whole style sheet: one column, system fonts, hairlines instead of boxes. */
export const style = `
:root{color-scheme:light dark;${declarations('light')}}
@media (prefers-color-scheme:dark){:root{${declarations('dark')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;overflow-wrap:break-word}
svg text{font-family:inherit;paint-order:stroke}
main,header,footer,nav{max-width:62rem;margin:0 auto;padding:0 1.5rem}
a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:1px}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:2px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.3rem .6rem;z-index:1}
header{padding-top:1.6rem}
.run{margin:0 0 1.1rem;color:var(--muted);font-size:.87rem}
.run b{color:var(--ink);font-weight:600}
h1{margin:0;font-size:1.72rem;line-height:1.25;font-weight:600;letter-spacing:-.015em;text-wrap:pretty}
.word{letter-spacing:.01em;font-weight:700;margin-right:.2em}
.good{color:var(--good)}.bad{color:var(--bad)}.doubt{color:var(--doubt)}.muted{color:var(--muted)}
.evidence{margin:.5rem 0 0;max-width:54rem}
.evidence p{margin:.35rem 0}
.doubts{margin:.7rem 0 0;padding:0 0 0 .9rem;border-left:3px solid var(--doubt);list-style:none;max-width:54rem}
.fails .doubts{border-left-color:var(--bad)}
.doubts li{margin:.1rem 0}
.figures{display:grid;grid-template-columns:repeat(7,minmax(0,auto));justify-content:space-between;gap:.9rem 1.1rem;margin:1.3rem 0 1.1rem;padding:.95rem 0 .85rem;border-top:1px solid var(--hairline);border-bottom:1px solid var(--hairline)}
.figures div{min-width:0}
.figures dt{color:var(--muted);font-size:.8rem}
.figures dd{margin:0;font-variant-numeric:tabular-nums}
.figures .value{font-size:1.32rem;line-height:1.35;font-weight:600;letter-spacing:-.01em;white-space:nowrap}
.figures .beside{font-size:.8rem;color:var(--muted)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.87rem;margin-top:.4rem;margin-bottom:.4rem}
section{margin:2.9rem 0 0}
h2{margin:0 0 .5rem;font-size:1.18rem;font-weight:600;letter-spacing:-.01em}
h3{margin:1.9rem 0 .1rem;font-size:1rem;font-weight:600}
section>p{margin:.2rem 0 .9rem;max-width:46rem;color:var(--muted)}
figure{margin:0 0 1.3rem}
figcaption{max-width:50rem;color:var(--muted);font-size:.9rem;margin:0 0 .45rem}
.chart{overflow-x:auto;margin:0}
.chart svg{display:block;width:100%;min-width:43rem;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.87rem;padding:0 0 .3rem}
th,td{text-align:left;vertical-align:top;padding:.38rem 1.1rem .38rem 0;border-bottom:1px solid var(--hairline)}
th{font-weight:600}
thead th{color:var(--muted);font-weight:500;font-size:.82rem;vertical-align:bottom;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
.group{padding-top:1.1rem;font-size:.95rem}
.n{text-align:right;white-space:nowrap}
.w{white-space:nowrap}
.verdict{white-space:nowrap;font-weight:600}
.examples{margin:.35rem 0 0;padding:0;list-style:none;font:.82rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--muted)}
details{margin:.1rem 0 0;font-size:.87rem}
summary{cursor:pointer;color:var(--muted);width:max-content;max-width:100%}
summary:hover{color:var(--ink)}
.data{max-height:22rem;overflow:auto;margin-top:.4rem}
.data table{width:auto;min-width:50%}
.data th,.data td{text-align:right;padding:.15rem 1.3rem .15rem 0;white-space:nowrap;border:0}
.data th:first-child,.data td:first-child{text-align:left}
pre,code{font:.87rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:.3rem 0 .8rem;padding:.7rem .9rem;background:var(--shade);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;user-select:all;-webkit-user-select:all}
dl.pairs{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.3rem 1.6rem;margin:.3rem 0 1rem}
dl.pairs dt{color:var(--muted)}
dl.pairs dd{margin:0;overflow-wrap:anywhere}
.modes{margin:.2rem 0 .9rem}
.modes td{padding:.5rem .8rem;border:2px solid var(--paper);width:30%}
.modes th[scope=row]{vertical-align:middle}
.modes td b{font-size:1.1rem;font-weight:600}
.modes caption{padding-bottom:.5rem}
.steps{margin:.3rem 0;padding-left:1.1rem;max-width:54rem}
.steps li{margin:.35rem 0}
.differs{font-weight:600}
.swatch{display:inline-block;vertical-align:middle;width:1.9rem;height:.7rem;margin-right:.45rem}
footer{margin-top:3.2rem;padding-top:1rem;padding-bottom:2.4rem;color:var(--muted);font-size:.85rem}
@media (min-width:80rem){.wide{margin-right:-8rem}}
@media (max-width:60rem){.figures{grid-template-columns:repeat(4,minmax(0,1fr))}}
@media (max-width:40rem){
body{font-size:15px}
main,header,footer,nav{padding-left:1rem;padding-right:1rem}
h1{font-size:1.35rem}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}
.scroll table{min-width:40rem}
.scroll table.modes{min-width:33rem}
.modes td{padding:.4rem .5rem}
dl.pairs{grid-template-columns:1fr;gap:0}
dl.pairs dd{margin-bottom:.5rem}
}
@media print{
.wide{margin-right:0}
@page{margin:14mm}
:root{color-scheme:light;${declarations('light')}}
body{font-size:10pt;background:none}
main,header,footer{max-width:none;padding-left:0;padding-right:0}
nav,.skip,details.behind{display:none}
section{margin-top:1.6rem}
h2,h3,figcaption{break-after:avoid}
figure,tr,.figures{break-inside:avoid}
.chart,.scroll,.data{overflow:visible;max-height:none}
.chart svg{min-width:0}
thead{display:table-header-group}
.scroll table{min-width:0;font-size:8pt}
.scroll th,.scroll td{padding-right:.6rem;overflow-wrap:anywhere}
.scroll thead th,.scroll .n,.scroll .w,.scroll .verdict{white-space:normal}
a{color:inherit;text-decoration:none}
}
`;
