#pragma once
// Runs made up for tests, and a small reader that says whether markup is well-formed.

#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace interlock::report {

using test::content_of;
using test::message_of;
using test::TempFolder;

// A run of `steps` steps on `stages` stages, ten steps an epoch, with an evaluation each: step s takes
// s-independent 0.1 s, the last stage's loss is 1 / s and its accuracy 1 - 1 / s.
struct MadeRun {
  int stages = 3;
  int horizon = 2;
  int steps = 30;
  bool evaluations = true;
  bool text = false;
  bool end = true;
  double step_seconds = 0.1;
};

inline std::string repeated(const std::string& value, int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + value;
  return list + "]";
}

inline std::string metrics_of(const MadeRun& made) {
  std::string text = "{\"kind\":\"run\",\"event\":\"start\",\"stages\":" + std::to_string(made.stages) +
                     ",\"horizon\":" + std::to_string(made.horizon) + ",\"steps\":0,\"seconds\":0}\n";
  for (int s = 1; s <= made.steps; ++s) {
    const std::string at = "\"step\":" + std::to_string(s) + ",\"epoch\":" + std::to_string((s - 1) / 10 + 1);
    const std::string loss = repeated(std::to_string(1.0 / s), made.stages);
    text += "{\"kind\":\"step\"," + at + ",\"loss\":" + loss +
            ",\"accuracy\":0.5,\"lr\":0.1,\"step_seconds\":" + std::to_string(made.step_seconds) +
            ",\"samples_per_second\":640,\"busy_fraction\":" + repeated("0.75", made.stages) +
            (made.text ? ",\"tokens_per_second\":1000" : "") + "}\n";
    if (s % 10 != 0) continue;
    text += "{\"kind\":\"epoch\"," + at + ",\"loss\":" + loss +
            ",\"accuracy\":" + repeated("0.5", made.stages) +
            ",\"seconds\":1,\"samples_per_second\":640,\"busy_fraction\":" + repeated("0.75", made.stages) +
            "}\n";
    if (!made.evaluations) continue;
    text += "{\"kind\":\"eval\"," + at + ",\"loss\":" + loss +
            ",\"accuracy\":" + repeated(std::to_string(1 - 1.0 / s), made.stages) +
            (made.text ? ",\"perplexity\":" + repeated(std::to_string(1 + 10.0 / s), made.stages) : "") +
            "}\n";
  }
  if (made.end) {
    text += "{\"kind\":\"run\",\"event\":\"end\",\"stages\":" + std::to_string(made.stages) +
            ",\"steps\":" + std::to_string(made.steps) +
            ",\"seconds\":9,\"peak_memory_mebibytes\":" + repeated("100", made.stages) +
            ",\"peak_activation_bytes\":" + repeated("1048576", made.stages) + "}\n";
  }
  return text;
}

inline std::string config_of(int stages, const std::string& more = "") {
  std::string layers = "relu";
  for (int k = 1; k < stages; ++k) layers += ", relu";
  return "model: {kind: sequential, layers: [" + layers +
         "]}\npartition: {stages: " + std::to_string(stages) + "}\ndata: {kind: shapes}\n" +
         (more.find("schedule:") == std::string::npos ? "schedule: {micro_batches: 4}\n" : "") + more;
}

// What is wrong with the markup, or "". Every element must be closed in order, attributes quoted, and '&'
// must begin a reference. Not for whole pages: HTML has elements without an end.
inline std::string markup_problem(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&' && text.find(';', i) > i + 8) return "bare & at " + text.substr(i, 20);
    if (text[i] == '>') return "bare > at " + text.substr(i, 20);
    if (text[i] != '<') continue;
    std::size_t end = i + 1;
    bool quoted = false;
    for (; end < text.size() && (quoted || text[end] != '>'); ++end) {
      if (text[end] == '"') quoted = !quoted;
      if (text[end] == '<') return "bare < at " + text.substr(i, 20);
    }
    if (end == text.size()) return "unclosed tag " + text.substr(i, 20);
    const std::string tag = text.substr(i + 1, end - i - 1);
    const std::string name =
        tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" \n/", 1) - (tag[0] == '/' ? 1 : 0));
    if (tag[0] == '/') {
      if (open.empty() || open.back() != name)
        return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    i = end;
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

}  // namespace interlock::report
