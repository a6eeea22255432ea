#pragma once
// A steady step of a simulation as a picture: letters for a terminal, SVG for a browser. One line a stage,
// time to the right. Pure functions of a Simulation with a timeline.

#include <string>
#include <vector>

#include "schedule/simulator.h"

namespace interlock::schedule {

struct TimelineOptions {
  double per_second = 1000;  // simulated seconds are shown as so many ...
  std::string unit = "ms";   // ... of these
  int width = 100;           // text: columns, labels included
  int most_stages = 40;      // of more stages, the first and last few are drawn and the others counted
  std::string title = "";    // SVG
  int most_actions = 0;      // SVG: the picture ends where a stage would show more of them; 0: it does not
};

// One step. A letter is an action of that kind, a capital one where it begins ("FffWwwww"), '.' is waiting;
// of actions that share a column the longest kind is shown. Ends with a line that says how long the step is.
std::string timeline_text(const Simulation& simulation, const TimelineOptions& options = {});

// Two steps, so that batches are seen to overlap: a bar an action, paler for every second batch, named by a
// tooltip, with a time axis and a legend. No scripts, no foreign fonts.
std::string timeline_svg(const Simulation& simulation, const TimelineOptions& options = {});

// What is drawn: `steps` steps from where stage 0 begins a batch, the last such that all stages are at work
// up to the end.
struct TimeWindow {
  double begin = 0;  // simulated seconds
  double end = 0;
};
TimeWindow steady_window(const Simulation& simulation, int steps);

// The stages to show where there is room for `most` lines; -1 stands for the line that counts the others.
std::vector<int> shown_stages(int stages, int most);

}  // namespace interlock::schedule
