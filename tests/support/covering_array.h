#pragma once
// Which cases of a grid of parameters to run: all of them where INTERLOCK_FULL_GRID is set (label `nightly`), else a covering
// array, in which each pair of values of two parameters occurs at least once. A fault that needs two values to show is found
// by both; one that needs three, by the grid alone.

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace interlock::test {

using Values = std::vector<int>;  // one number a parameter, from 0
using Allowed = std::function<bool(const Values&)>;

// Parameters in the order of a case's values.
struct Parameter {
  std::string name;
  std::vector<std::string> values;
};
using Parameters = std::vector<Parameter>;

// Every allowed case, the last parameter's values next to each other.
inline std::vector<Values> full_grid(const Parameters& parameters, const Allowed& allowed) {
  std::vector<Values> cases;
  Values values(parameters.size(), 0);
  while (true) {
    if (allowed(values)) cases.push_back(values);
    std::size_t p = parameters.size();
    while (p > 0 && ++values[p - 1] == static_cast<int>(parameters[p - 1].values.size())) values[--p] = 0;
    if (p == 0) return cases;
  }
}

// One value each of two parameters, `first` < `second`.
struct Pair {
  std::size_t first, second;
  int first_value, second_value;
  [[nodiscard]] bool is_in(const Values& values) const {
    return values[first] == first_value && values[second] == second_value;
  }
};

// The pairs that an allowed case has.
inline std::vector<Pair> pairs_of(const Parameters& parameters, const std::vector<Values>& cases) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    for (std::size_t j = i + 1; j < parameters.size(); ++j) {
      for (int a = 0; a < static_cast<int>(parameters[i].values.size()); ++a) {
        for (int b = 0; b < static_cast<int>(parameters[j].values.size()); ++b) {
          const Pair pair{i, j, a, b};
          if (std::any_of(cases.begin(), cases.end(), [&](const Values& one) { return pair.is_in(one); }))
            pairs.push_back(pair);
        }
      }
    }
  }
  return pairs;
}

// Takes the case with the most pairs that are still missing, the first of equals, until none is missing.
inline std::vector<Values> covering_array(const Parameters& parameters, const Allowed& allowed) {
  const std::vector<Values> cases = full_grid(parameters, allowed);
  std::vector<Pair> missing = pairs_of(parameters, cases);
  std::vector<Values> chosen;
  while (!missing.empty()) {
    const auto count = [&missing](const Values& one) {
      return std::count_if(missing.begin(), missing.end(),
                           [&one](const Pair& pair) { return pair.is_in(one); });
    };
    const Values* best = &cases.front();
    auto most = count(*best);
    for (const Values& one : cases) {
      const auto here = count(one);
      if (here > most) best = &one, most = here;
    }
    missing.erase(std::remove_if(missing.begin(), missing.end(),
                                 [best](const Pair& pair) { return pair.is_in(*best); }),
                  missing.end());
    chosen.push_back(*best);
  }
  return chosen;
}

inline bool runs_full_grid() {
  return std::getenv("INTERLOCK_FULL_GRID") != nullptr;
}

inline std::vector<Values> cases_to_run(const Parameters& parameters, const Allowed& allowed) {
  return runs_full_grid() ? full_grid(parameters, allowed) : covering_array(parameters, allowed);
}

// "network=mlp N=2 M=3"
inline std::string to_text(const Parameters& parameters, const Values& values) {
  std::string text;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    text += (p == 0 ? "" : " ") + parameters[p].name + "=";
    text += parameters[p].values[static_cast<std::size_t>(values[p])];
  }
  return text;
}

}  // namespace interlock::test
