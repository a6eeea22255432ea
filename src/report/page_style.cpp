#include "report/page.h"

namespace interlock::report {
namespace {

constexpr const char* kPage = R"(*{box-sizing:border-box}
html{scroll-padding-top:4rem}
body{margin:0 auto;max-width:1240px;padding:0 24px 48px;font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
header{padding:36px 0 14px}
h1{margin:0;font-size:28px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
header p{margin:6px 0 0;overflow-wrap:anywhere}
h2{margin:44px 0 4px;font-size:20px}
h3{margin:0 0 2px;font-size:15px}
.intro{margin:0 0 14px;max-width:52rem}
nav{position:sticky;top:0;z-index:2;padding:8px 0;display:flex;flex-wrap:wrap;gap:6px 24px;align-items:center;border-bottom:1px solid}
.links{display:flex;flex-wrap:wrap;gap:2px 18px}
nav a{text-decoration:none;font-size:14px}
nav a:hover{text-decoration:underline}
.legend{display:flex;flex-wrap:wrap;gap:6px;margin-left:auto}
.legend button{font:inherit;font-size:13px;padding:1px 10px 1px 8px;border:1px solid;border-radius:99px;background:none;color:inherit;cursor:pointer}
.legend button[aria-pressed=false]{opacity:.4;text-decoration:line-through}
.swatch{display:inline-block;width:.7em;height:.7em;border-radius:2px;background:currentColor;margin-right:.45em}
.blocks{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;align-items:start}
.wide,.notice{grid-column:1/-1}
figure,.card,.tile,details{margin:0;border:1px solid;border-radius:10px;padding:14px 16px}
.card p{margin:0 0 10px;font-size:13px}
figcaption{margin-bottom:8px;font-size:13px;line-height:1.4}
figcaption strong{font-size:15px;margin-right:.4em}
svg.chart{display:block;width:100%;height:auto;overflow:visible}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:18px}
.tile span,.tile small{display:block;font-size:13px}
.tile b{display:block;font-size:23px;line-height:1.35;font-weight:650;letter-spacing:-.01em;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.notice{margin:0 0 8px;padding:8px 14px;border-left:4px solid;border-radius:4px;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;width:100%}
th,td{text-align:left;padding:6px 7px;border-bottom:1px solid;white-space:nowrap}
th{font-weight:500;font-size:13px}
td:first-child,th:first-child{padding-left:2px}
tr:last-child td{border-bottom:0}
.numbers th:not(:first-child),.numbers td:not(:first-child){text-align:right}
.best{font-weight:700}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
details{padding:8px 16px;margin-bottom:8px}
details pre{overflow-x:auto;margin:8px 0}
summary{cursor:pointer;overflow-wrap:anywhere}
footer{margin-top:40px;font-size:13px}
.hidden{display:none}
#tip{position:absolute;z-index:3;pointer-events:none;padding:6px 10px;border:1px solid;border-radius:6px;font-size:12.5px;line-height:1.5;white-space:nowrap;box-shadow:0 2px 10px rgba(0,0,0,.15)}
.timeline rect{shape-rendering:geometricPrecision}
@media(max-width:820px){.blocks{grid-template-columns:minmax(0,1fr)}body{padding:0 12px 32px}nav{position:static}}
@media print{nav,#tip{display:none}body{max-width:none;padding:0}figure,.card,.tiles,tr{break-inside:avoid}h2{break-after:avoid}.blocks{gap:10px}}
)";

constexpr const char* kLight = R"(body{background:#f6f7f9;color:#1f2328}
nav{background:#f6f7f9;border-color:#d8dce1}
nav a,header p,.intro,figcaption span,.card p,th,.tile span,.tile small,footer{color:#59626d}
figure,.card,.tile,details{background:#fff;border-color:#e1e4e8}
.legend button{border-color:#cfd4da}
th,td{border-color:#e6e8eb}
.notice{background:#fff6df;border-color:#d9a514}
.timeline text:not([fill]){fill:#424a53}
#tip{background:#fff;border-color:#d0d4d9;color:#1f2328}
)";

constexpr const char* kDark = R"(body{background:#121519;color:#e8eaed}
nav{background:#121519;border-color:#30363d}
nav a,header p,.intro,figcaption span,.card p,th,.tile span,.tile small,footer{color:#9aa2ad}
figure,.card,.tile,details{background:#1a1e24;border-color:#2b313a}
.legend button{border-color:#434b55}
th,td{border-color:#2b313a}
.notice{background:#2c2616;border-color:#b98a10}
#tip{background:#262c34;border-color:#434b55;color:#e8eaed}
.timeline rect[fill="#fff"]{fill:#1a1e24}
.timeline rect[fill="#eee"]{fill:#2b313a}
.timeline rect[stroke]{stroke:#1a1e24}
.timeline text:not([fill]){fill:#c3c9d1}
.timeline line{stroke:#59626d}
)";

}  // namespace

std::string page_style() {
  return std::string(kPage) + kLight + figure_style(false) +
         "@media screen and (prefers-color-scheme:dark){\n" + kDark + figure_style(true) + "}\n";
}

}  // namespace interlock::report
