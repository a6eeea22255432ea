#include "report/page.h"

namespace interlock::report {

const char* page_script() {
  return R"JS((function(){
'use strict';
// Runs are shown and hidden by the buttons of the legend.
document.querySelectorAll('.legend button').forEach(function(button){
  button.addEventListener('click',function(){
    var shown=button.getAttribute('aria-pressed')!=='true';
    button.setAttribute('aria-pressed',shown);
    document.querySelectorAll('.run'+button.dataset.run).forEach(function(part){
      part.classList.toggle('hidden',!shown);
    });
  });
});
// Under the pointer, what every curve is at that place.
var tip=document.getElementById('tip');
function words(value,unit){
  if(unit==='1')return (100*value).toFixed(1)+' %';
  if(unit==='3')return value.toPrecision(4)+' MiB';
  if(unit!=='2')return String(Number(value.toPrecision(4)));
  if(value<1)return (1000*value).toPrecision(3)+' ms';
  if(value<60)return value.toPrecision(3)+' s';
  var whole=Math.round(value),minutes=Math.floor(whole/60);
  return minutes<60?minutes+'m'+String(whole%60).padStart(2,'0')+'s':
    Math.floor(minutes/60)+'h'+String(minutes%60).padStart(2,'0')+'m';
}
function nearest(points,x){
  var best=points[0];
  points.forEach(function(p){if(Math.abs(p[0]-x)<Math.abs(best[0]-x))best=p;});
  return best;
}
document.querySelectorAll('svg[data-plot]').forEach(function(svg){
  var plot=svg.dataset.plot.split(' ').map(Number),range=svg.dataset.x.split(' ').map(Number);
  var yRange=svg.dataset.y.split(' ').map(Number),units=svg.dataset.units.split(' ');
  var curves=Array.prototype.map.call(svg.querySelectorAll('.series'),function(group){
    return {group:group,name:group.dataset.name,points:(group.dataset.points||'').split(' ').filter(Boolean)
      .map(function(p){return p.split(',').map(Number);})};
  }).filter(function(curve){return curve.points.length;});
  var marks=document.createElementNS('http://www.w3.org/2000/svg','g');
  svg.appendChild(marks);
  function yOf(value){
    var place=yRange[2]?Math.log(value/yRange[0])/Math.log(yRange[1]/yRange[0]):(value-yRange[0])/(yRange[1]-yRange[0]);
    return plot[1]+plot[3]*(1-place);
  }
  function leave(){tip.hidden=true;marks.textContent='';}
  svg.addEventListener('pointerleave',leave);
  svg.addEventListener('pointermove',function(event){
    var box=svg.getBoundingClientRect(),scale=svg.viewBox.baseVal.width/box.width;
    var part=((event.clientX-box.left)*scale-plot[0])/plot[2];
    if(part<-0.02||part>1.02)return leave();
    var x=range[0]+part*(range[1]-range[0]);
    tip.textContent='';
    marks.textContent='';
    var title=document.createElement('div');
    title.textContent=svg.dataset.name+' '+words(x,units[0]);
    tip.appendChild(title);
    curves.forEach(function(curve){
      if(curve.group.classList.contains('hidden'))return;
      var point=nearest(curve.points,x),line=document.createElement('div'),swatch=document.createElement('i');
      var css=curve.group.getAttribute('class').replace(/series|run\d+/g,'').trim();
      swatch.className='swatch '+css;
      line.appendChild(swatch);
      line.appendChild(document.createTextNode(curve.name+': '+words(point[1],units[1])));
      tip.appendChild(line);
      var dot=document.createElementNS('http://www.w3.org/2000/svg','g');
      dot.setAttribute('class',css);
      var circle=document.createElementNS('http://www.w3.org/2000/svg','circle');
      circle.setAttribute('class','dot');
      circle.setAttribute('r','4');
      circle.setAttribute('cx',plot[0]+plot[2]*(point[0]-range[0])/(range[1]-range[0]));
      circle.setAttribute('cy',Math.max(plot[1],yOf(point[1])));
      dot.appendChild(circle);
      marks.appendChild(dot);
    });
    tip.hidden=false;
    var left=event.pageX+14;
    if(left+tip.offsetWidth>window.scrollX+document.documentElement.clientWidth-8)left=event.pageX-tip.offsetWidth-14;
    tip.style.left=left+'px';
    tip.style.top=(event.pageY+12)+'px';
  });
});
})();
)JS";
}

}  // namespace interlock::report
