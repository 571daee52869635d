/** The look of a report. Its policy allows this style by its hash and nothing else. */
export const STYLE = `:root{color-scheme:light dark;font:14px/1.45 system-ui,sans-serif;--line:light-dark(#d4dae1,#343c48);--soft:light-dark(#55606e,#a2adba);--name:light-dark(#075985,#6cc5f5);--dtype:light-dark(#146c3a,#7fdca4)}
body{max-width:1000px;margin:0 auto;padding:20px 16px;background:light-dark(#fff,#14171c);color:light-dark(#1b2430,#e3e8ee)}
h1{font-size:20px;overflow-wrap:anywhere}
code,summary,td{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12.5px}
dl{display:flex;flex-wrap:wrap;gap:6px 24px}
dt{color:var(--soft);font-size:12px}
dd{margin:0}
details{border-left:1px solid var(--line);margin-left:7px;padding-left:14px}
main>details{border:0;margin:0;padding:0}
summary{display:flex;gap:10px;align-items:center;padding:3px 0;cursor:pointer}
summary>b{flex:1;min-width:0;font-weight:400;overflow-wrap:anywhere}
summary::before{content:"▸";width:10px;color:var(--soft)}
details[open]>summary::before{content:"▾"}
.container>summary>b{color:var(--name)}
i{color:var(--dtype);font-style:normal}
s{color:var(--soft);text-decoration:none;white-space:nowrap}
summary>i{flex:0 0 58px}
summary>s{flex:0 0 130px;overflow:hidden;text-overflow:ellipsis}
summary>s:last-child{flex-basis:136px;text-align:right}
summary>svg{flex:none}
.values{display:flex;flex-wrap:wrap;gap:12px 28px;padding:4px 0 12px 14px}
th{padding:1px 16px 1px 0;color:var(--soft);font-weight:400;text-align:left}
svg[role=img]{max-width:100%;height:auto;color:inherit}
footer{margin-top:24px;color:var(--soft);font-size:12px}
@media(max-width:560px){summary>i{flex:none}summary s,summary svg{display:none}}
@media print{details{break-inside:avoid}}`;
