import { chromium } from "playwright-core";
import { build } from "esbuild";
import { startSite } from "./test/viewer/site.ts";
import { writeFileSync, mkdirSync } from "node:fs";
mkdirSync("/tmp/alone",{recursive:true});
await build({entryPoints:["/tmp/alone.ts"],outfile:"/tmp/alone/alone.js",bundle:true,minify:true,format:"esm"});
writeFileSync("/tmp/alone/index.html",'<!doctype html><title>alone</title><input type=file id=choose-files><script type="module" src="alone.js"></script>');
const site=await startSite({folders:{viewer:"/tmp/wt/viewer/dist/viewer",alone:"/tmp/alone"},answers:{},onReport(){}});
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--no-sandbox","--disable-gpu","--enable-precise-memory-info"]});
for(let i=0;i<5;i++){
  const a=await b.newPage(); await a.goto(site.url+"/alone/");
  const m0=await a.evaluate("performance.measureUserAgentSpecificMemory().then(r=>r.bytes)");
  await a.setInputFiles("#choose-files","/tmp/big100k.safetensors");
  await a.waitForFunction(()=>(globalThis as any).done); const alone=await a.evaluate("globalThis.done"); const ma=await a.evaluate("performance.measureUserAgentSpecificMemory().then(r=>r.bytes)"); await a.close();
  const p=await b.newPage(); p.on("console",(m:any)=>console.log(m.text())); await p.goto(site.url+"/viewer/"); await p.waitForSelector("#choose-files",{state:"attached"});
  await p.evaluate(()=>{ const g=globalThis as any; document.querySelector("#choose-files")!.addEventListener("change",()=>{g.t0=performance.now()},{capture:true});
    new MutationObserver(()=>{ if(!g.t1&&document.querySelector(".outline .row")){ requestAnimationFrame(()=>setTimeout(()=>{g.t1=performance.now()}))} if(!g.t2&&document.querySelector(".tree .row")){ g.t2=-1; requestAnimationFrame(()=>setTimeout(()=>{g.t2=performance.now()}))}}).observe(document.body,{childList:true,subtree:true})});
  await p.setInputFiles("#choose-files","/tmp/big100k.safetensors");
  await p.waitForFunction(()=>(globalThis as any).t2>0);
  const [t0,t1,t2]=await p.evaluate("[t0,t1,t2]") as number[];
  const m=await p.evaluate("performance.measureUserAgentSpecificMemory().then(r=>r.bytes)") as number;
  console.log("alone",(alone as number)|0,"outline",(t1!-t0!)|0,"ratio",((t1!-t0!)/(alone as number)).toFixed(2),"tree",(t2!-t0!)|0,"mem",((m-(m0 as number))/2**20).toFixed(1),"alone mem",(((ma as number)-(m0 as number))/2**20).toFixed(1));
  await p.close();
}
await b.close(); await site.close();
