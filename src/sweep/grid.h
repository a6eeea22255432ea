#pragma once
// A sweep as the user writes it: a grid file. docs/sweep.md has every key.

#include <optional>
#include <string>
#include <vector>

#include "sweep/setting.h"

namespace interlock::sweep {

enum class Score { kLoss, kAccuracy, kPerplexity };  // of the last stage on validation samples
enum class Moment { kLast, kBest };                  // which evaluation of a run counts
enum class Mode { kRanks, kSingleProcess };          // how a run is carried out

// A key and the values that it takes in turn.
struct Axis {
  std::string key;
  config::Location where;
  std::vector<config::YamlNode> values;
};

struct Grid {
  std::string file;                        // as given on the command line
  std::string base;                        // path of the config that every run starts from
  std::vector<Axis> axes;                  // all combinations ...
  std::vector<std::vector<Setting>> list;  // ... for each of these; empty where none were given
  Score score = Score::kLoss;
  Moment when = Moment::kLast;
  Mode mode = Mode::kRanks;
  int parallel = 0;               // runs at a time; 0 = what the cores allow
  std::optional<double> holdout;  // where the grid says so itself
  config::Location holdout_where;
  std::string dir;
  std::vector<std::string> overrides;  // of the command line, for the base config
};

inline constexpr double kDefaultHoldout = 0.1;

// "loss", "accuracy" or "perplexity".
std::string name_of(Score score);

// Reads `path`. Of `overrides` ("key=value"), those for a section of a config go to every run and the others
// to the grid itself ("parallel=2"). Errors: UsageError with the place, for keys and values that do not
// exist, a key that is swept twice or also overridden, and no combinations at all. Values of config keys are
// not looked at: see plan_sweep().
Grid read_grid(const std::string& path, const std::vector<std::string>& overrides);

}  // namespace interlock::sweep
