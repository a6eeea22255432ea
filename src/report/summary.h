#pragma once
// A run in figures.

#include <string>
#include <vector>

#include "report/run.h"

namespace interlock::report {

// NaN and empty where the run's metrics do not say.
struct Summary {
  double final_training_loss =
      runs::kNone;                  // of the last stage: mean of the last epoch, or of the last steps
  double final_loss = runs::kNone;  // of the last evaluation, as all until `best`
  double final_accuracy = runs::kNone;
  double final_perplexity = runs::kNone;
  double best_loss = runs::kNone;
  double best_accuracy = runs::kNone;
  double best_perplexity = runs::kNone;
  double epochs = runs::kNone;
  std::int64_t steps = 0;
  std::int64_t left_out = 0;                // updates that were not made
  double seconds = 0;                       // training time
  double step_seconds = runs::kNone;        // the median
  double samples_per_second = runs::kNone;  // without the first step of each start, as the next two
  double tokens_per_second = runs::kNone;
  runs::PerStage busy;              // mean over training time
  runs::PerStage memory_mebibytes;  // the peak of each stage
  runs::PerStage activation_mebibytes;

  [[nodiscard]] double busy_mean() const;
  [[nodiscard]] double memory_most() const;
};

Summary summarise(const Run& run);

// The last stage's, or NaN.
double last_of(const runs::PerStage& values);

// "done", "still running", ... with what one should know.
std::string state_in_words(const Run& run);

}  // namespace interlock::report
