#include <cmath>

#include <fmt/format.h>

#include "common/text.h"
#include "config/names.h"
#include "inspect/describe.h"
#include "inspect/table.h"

namespace interlock::inspect {
namespace {

std::string plural(std::int64_t count, const char* noun, const char* ending = "s") {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : ending);
}

std::string per_stage(const runs::PerStage& values, bool percent) {
  std::vector<std::string> parts;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      parts.emplace_back("-");
    } else {
      parts.push_back(percent ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.4f}", value));
    }
  }
  return join(parts, "  ");
}

std::string state_line(const RunFacts& facts) {
  const std::string steps = facts.total_steps > 0
                                ? fmt::format("{} of {} steps", facts.steps, facts.total_steps)
                                : plural(facts.steps, "step");
  std::string text =
      fmt::format("{}: {}, {} ({})", facts.path, name_of(facts.state), steps, plural(facts.epochs, "epoch"));
  if (facts.seconds > 0) text += " in " + format_duration(facts.seconds);
  switch (facts.state) {
    case RunState::kRunning:
      if (facts.idle_seconds >= 0)
        text += fmt::format("; last heard of {} ago", format_duration(facts.idle_seconds));
      break;
    case RunState::kStopped:
      text += "; the same command goes on from there";
      break;
    case RunState::kInterrupted:
      text += "; it ended without a word (killed?): the same command goes on from the newest checkpoint";
      break;
    default:
      break;
  }
  return text + "\n";
}

class Lines {
 public:
  void add(const char* what, const std::string& value) {
    if (!value.empty()) text_ += fmt::format("  {:<11} {}\n", what, value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string mix_of(const config::LearningConfig& learning) {
  if (learning.mix != config::MixKind::kWeights) return name_of(config::mix_kinds(), learning.mix);
  std::vector<std::string> weights;
  for (const double weight : learning.mix_weights) weights.push_back(fmt::format("{:g}", weight));
  return "[" + join(weights, ", ") + "]";
}

void add_config(const RunFacts& facts, Lines& lines) {
  if (!facts.config) {
    lines.add("config", "cannot be read: " + facts.config_problem);
    return;
  }
  const config::Config& config = *facts.config;
  std::string model = name_of(config::model_kinds(), config.model.kind);
  if (facts.layers > 0) model += fmt::format(", {} layers, {} parameters", facts.layers, facts.parameters);
  if (facts.head_parameters > 0) model += fmt::format(" and {} in heads", facts.head_parameters);
  lines.add("model", model);
  lines.add("data",
            fmt::format("{}{}; {} samples a step in {}", name_of(config::data_kinds(), config.data.kind),
                        config.data.path.empty() ? "" : " in " + config.data.path, config.training.batch_size,
                        plural(config.schedule.micro_batches, "micro-batch", "es")));
  const int stages = config.partition.stages;
  lines.add("cut", plural(stages, "stage") + (facts.cut.empty() ? "" : ": layers " + join(facts.cut, ", ")) +
                       (config.partition.placement().replicated()
                            ? fmt::format("; {} ranks with replicas", config.partition.placement().ranks())
                            : ""));
  const int horizon = config.horizon();
  lines.add("horizon", horizon == stages
                           ? fmt::format("{} of {} (end-to-end)", horizon, stages)
                           : fmt::format("{} of {}, mix {}", horizon, stages, mix_of(config.learning)));
  lines.add("heads", join(facts.heads, ", "));
  lines.add(
      "optimizer",
      fmt::format("{}, lr {:g} ({}), seed {}", name_of(config::optimizer_kinds(), config.optimizer.kind),
                  config.optimizer.lr, name_of(config::learning_rate_kinds(), config.optimizer.schedule.kind),
                  config.training.seed));
}

void add_evaluation(const char* what, const std::optional<runs::Evaluation>& evaluation, Lines& lines) {
  if (!evaluation) return;
  lines.add(
      what,
      fmt::format("step {}: loss {}", evaluation->step, per_stage(evaluation->loss, false)) +
          (evaluation->perplexity.empty() ? "" : "; perplexity " + per_stage(evaluation->perplexity, false)) +
          (evaluation->accuracy.empty() ? "" : "; accuracy " + per_stage(evaluation->accuracy, true)));
}

std::string checkpoint_table(const RunFacts& facts) {
  if (facts.checkpoints.empty()) return "no checkpoints\n";
  std::vector<std::vector<std::string>> table = {{"checkpoint", "epochs", "size", "saved", ""}};
  for (const KeptCheckpoint& kept : facts.checkpoints) {
    std::vector<std::string> notes;
    if (kept.newest) notes.emplace_back("newest");
    if (kept.best) notes.emplace_back("best");
    if (!kept.problem.empty()) notes.push_back("cannot be used: " + kept.problem);
    table.push_back({kept.path.substr(kept.path.rfind('/') + 1), std::to_string(kept.epochs),
                     format_bytes(static_cast<double>(kept.bytes)),
                     format_duration(kept.age_seconds) + " ago", join(notes, ", ")});
  }
  return format_table({Align::kLeft, Align::kRight, Align::kRight, Align::kRight, Align::kLeft}, table);
}

}  // namespace

std::string describe_run(const RunFacts& facts) {
  Lines lines;
  lines.add("failure", facts.last_words);
  add_config(facts, lines);
  lines.add("metrics", facts.metrics_problem);
  if (facts.last_step)
    lines.add("training", fmt::format("step {}: loss {}", facts.last_step->step,
                                      per_stage(facts.last_step->loss, false)));
  add_evaluation("evaluation", facts.last_evaluation, lines);
  const bool best_is_older =
      facts.best_evaluation && facts.best_evaluation->step != facts.last_evaluation->step;
  if (best_is_older) add_evaluation("best", facts.best_evaluation, lines);
  return state_line(facts) + lines.text() + "\n" + checkpoint_table(facts);
}

}  // namespace interlock::inspect
