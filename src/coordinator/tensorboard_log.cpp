#include "coordinator/tensorboard_log.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace interlock::coordinator {
namespace {

std::vector<std::string> tags_of(const char* group, int stages) {
  std::vector<std::string> tags;
  for (int stage = 0; stage < stages; ++stage) tags.push_back(fmt::format("{}/stage_{}", group, stage));
  return tags;
}

}  // namespace

TensorBoardLog::TensorBoardLog(const Job& job, bool trains, double time)
    : writer_(job.config.run.dir + "/tensorboard"),
      loss_(tags_of("loss", job.stages())),
      busy_(tags_of("busy", job.stages())),
      memory_(tags_of("memory", job.stages())),
      epoch_loss_(tags_of("epoch/loss", job.stages())),
      epoch_accuracy_(tags_of("epoch/accuracy", job.stages())),
      eval_loss_(tags_of("eval/loss", job.stages())),
      eval_accuracy_(tags_of("eval/accuracy", job.stages())),
      eval_perplexity_(tags_of("eval/perplexity", job.stages())) {
  if (!trains) return;
  writer_.start(time, job.steps_done + 1);
  if (job.steps_done == 0)
    writer_.text(time, 0, "config", fmt::format("```yaml\n{}```\n", config::to_yaml(job.config)));
}

void TensorBoardLog::add(std::string_view tag, double value) {
  if (std::isfinite(value)) scalars_.push_back({tag, value});
}

void TensorBoardLog::add(const Tags& tags, const PerStage& values) {
  for (std::size_t k = 0; k < std::min(tags.size(), values.size()); ++k) add(tags[k], values[k]);
}

void TensorBoardLog::write_scalars(double time, std::int64_t step) {
  writer_.scalars(time, step, scalars_);
  scalars_.clear();
}

void TensorBoardLog::write(const StepMetrics& metrics) {
  add(loss_, metrics.loss);
  add("accuracy", metrics.accuracy);
  add("lr", metrics.lr);
  add("step_seconds", metrics.step_seconds);
  add("samples_per_second", metrics.samples_per_second);
  add("tokens_per_second", metrics.tokens_per_second);
  add(busy_, metrics.busy_fraction);
  add(memory_, metrics.memory_mebibytes);
  write_scalars(metrics.time, metrics.step);
}

void TensorBoardLog::write(const EpochMetrics& metrics) {
  add(epoch_loss_, metrics.loss);
  add(epoch_accuracy_, metrics.accuracy);
  add("epoch/samples_per_second", metrics.samples_per_second);
  write_scalars(metrics.time, metrics.step);
}

void TensorBoardLog::write(const EvalMetrics& metrics) {
  add(eval_loss_, metrics.loss);
  add(eval_accuracy_, metrics.accuracy);
  add(eval_perplexity_, metrics.perplexity);
  write_scalars(metrics.time, metrics.step);
}

}  // namespace interlock::coordinator
