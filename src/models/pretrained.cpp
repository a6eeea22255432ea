#include "models/pretrained.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/error.h"
#include "common/log.h"
#include "common/text.h"
#include "models/freeze.h"
#include "models/pretrained_check.h"
#include "models/pretrained_source.h"
#include "models/weights.h"

namespace interlock::models {
namespace {

const std::string kHeads = "heads.";
const std::string kTokenWeight = "layers.0.token.weight";
const std::string kPositionWeight = "layers.0.position.weight";

// The tensors that model.new_classifier leaves at their random start: the whole last layer, but of a language
// model's output layer the projection alone. "" where there are none.
std::string classifier_prefix(const config::Config& config, const Network& network) {
  if (!config.model.new_classifier) return "";
  const int layer = classifier_layer(network);
  if (network.layers[static_cast<std::size_t>(layer)].kind != "lm_output")
    return fmt::format("layers.{}.", layer);
  if (config.model.tied) {
    config::fail(config.where("model.new_classifier"), "model.new_classifier",
                 "a tied language model has no classifier of its own: it shares the token embedding; use "
                 "model.tied: false");
  }
  return fmt::format("layers.{}.projection.", layer);
}

// Puts the file's tensors under the network's expectations, one by one.
class Fitting {
 public:
  Fitting(const config::Config& config, const Blueprint& blueprint, const PretrainedSource& source)
      : config_(config),
        blueprint_(blueprint),
        source_(source),
        classifier_(classifier_prefix(config, blueprint.network)) {
    const Network& network = blueprint.network;
    expected_ = expected_tensors(network.layers, "layers", frozen_layers(config, network));
    std::vector<std::string> names;
    for (const ExpectedTensor& tensor : expected_) names.push_back(tensor.name);
    found_ = with_our_names(source.file, source.path, config, network, names);
  }

  std::map<std::string, at::Tensor> fit() {
    for (const ExpectedTensor& tensor : expected_) take(tensor);
    for (const StageBlueprint& stage : blueprint_.stages) take_head(stage);
    for (const auto& [name, found] : found_.tensors) {
      const bool left_alone = starts_with(name, kHeads) || is_new(name);  // heads of other cuts may be there
      if (!left_alone && used_.count(name) == 0) misfits_.extra(found.name, found.tensor);
    }
    if (misfits_.any()) misfits_.fail(source_.path, found_.naming);
    refuse_untied();
    return std::move(chosen_);
  }

  [[nodiscard]] const std::string& naming() const { return found_.naming; }
  [[nodiscard]] const std::string& position_note() const { return position_note_; }

 private:
  [[nodiscard]] bool is_new(const std::string& name) const {
    return !classifier_.empty() && starts_with(name, classifier_);
  }

  [[nodiscard]] bool is_tied() const {
    return config_.model.kind == config::ModelKind::kTransformerLm && config_.model.tied;
  }

  void take(const ExpectedTensor& expected) {
    if (is_new(expected.name)) return;
    const auto place = found_.tensors.find(expected.name);
    if (place == found_.tensors.end()) {
      if (expected.required) misfits_.missing(expected);
      return;
    }
    used_.insert(expected.name);
    const RenamedTensor& found = place->second;
    at::Tensor tensor = found.tensor;
    if (expected.name == kPositionWeight) tensor = first_positions(expected, tensor);
    if (misfits_.check(expected, found.name, tensor)) {
      chosen_[expected.name] = tensor;
    } else {
      explain(expected, tensor);
    }
  }

  // All of a head or nothing: a file without it, or with one that followed another layer, leaves it as it is.
  void take_head(const StageBlueprint& stage) {
    if (stage.head.empty() || config_.model.new_classifier) return;
    const std::string prefix = fmt::format("{}{}", kHeads, stage.stage);
    if (source_.is_checkpoint) {
      const auto place = source_.head_places.find(stage.stage);
      const int follows = stage.first_layer + static_cast<int>(stage.main.size()) - 1;
      if (place == source_.head_places.end() || place->second != follows) return;
    }
    const auto first = found_.tensors.lower_bound(prefix + ".");
    if (first == found_.tensors.end() || !starts_with(first->first, prefix + ".")) return;
    for (const ExpectedTensor& tensor : expected_tensors(stage.head, prefix, {})) take(tensor);
  }

  at::Tensor first_positions(const ExpectedTensor& expected, const at::Tensor& tensor) {
    if (tensor.dim() != 2 || tensor.size(0) <= expected.shape[0]) return tensor;
    position_note_ = fmt::format("{} has {} positions: the first {} are used, as many as data.context",
                                 source_.path, tensor.size(0), expected.shape[0]);
    return tensor.narrow(0, 0, expected.shape[0]);
  }

  void explain(const ExpectedTensor& expected, const at::Tensor& found) {
    const std::string classifier = fmt::format("layers.{}.", classifier_layer(blueprint_.network));
    if (expected.name == kPositionWeight && found.dim() == 2) {
      misfits_.hint(fmt::format("it has {} positions, so data.context can be {} at most", found.size(0),
                                found.size(0)));
    } else if (expected.name == kTokenWeight && found.dim() == 2 && found.size(0) != expected.shape[0]) {
      misfits_.hint(
          fmt::format("its vocabulary has {} tokens, the data's {}", found.size(0), expected.shape[0]));
    } else if (starts_with(expected.name, kHeads) || (starts_with(expected.name, classifier) && !is_tied())) {
      misfits_.hint("model.new_classifier: true starts the last layer and all heads afresh");
    }
  }

  // A tied matrix is one matrix, however many copies of it a file has.
  void refuse_untied() const {
    if (!is_tied()) return;
    const at::Tensor& token = chosen_.at(kTokenWeight);
    const at::Tensor& projection =
        chosen_.at(fmt::format("layers.{}.projection.weight", blueprint_.network.layers.size() - 1));
    if (token.is_same(projection) || token.equal(projection)) return;
    throw DataError(
        fmt::format("{}: its output projection is not its token embedding, but model.tied is true; use "
                    "model.tied: false",
                    source_.path));
  }

  const config::Config& config_;
  const Blueprint& blueprint_;
  const PretrainedSource& source_;
  const std::string classifier_;
  std::vector<ExpectedTensor> expected_;
  RenamedTensors found_;
  Misfits misfits_;
  std::set<std::string> used_;
  std::map<std::string, at::Tensor> chosen_;
  std::string position_note_;
};

}  // namespace

InitialWeights::InitialWeights(const config::Config& config, const Blueprint& blueprint,
                               const std::string& vocabulary) {
  if (config.model.init.empty()) return;
  const PretrainedSource source = read_pretrained(config.model.init);
  require_same_vocabulary(source.file.metadata, vocabulary, source.path);
  Fitting fitting(config, blueprint, source);
  tensors_ = fitting.fit();
  path_ = source.path;
  naming_ = fitting.naming();
  new_classifier_ = config.model.new_classifier;
  position_note_ = fitting.position_note();
  const std::string projection =
      fmt::format("layers.{}.projection.weight", blueprint.network.layers.size() - 1);
  if (tensors_.count(projection) != 0) tied_name_ = projection;
}

void InitialWeights::copy_into(const Stage& stage) const {
  if (path_.empty()) return;
  const at::NoGradGuard no_grad;
  bool has_head = !stage.has_head() || stage.head().parameters().empty();
  for (const auto& [name, tensor] : stage.state()) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) continue;
    tensor.detach().copy_(found->second);
    has_head = has_head || starts_with(name, kHeads);
  }
  // A head that starts afresh still shares the matrix that did not.
  if (!tied_name_.empty()) {
    for (const at::Tensor& copy : stage.tied_weights()) copy.detach().copy_(tensors_.at(tied_name_));
  }
  if (stage.number() == 0) {
    log_info(fmt::format("initial weights from {} (names of {}){}", path_, naming_,
                         new_classifier_ ? ", the last layer and all heads start afresh" : ""));
    if (!position_note_.empty()) log_info(position_note_);
  }
  if (!has_head && !new_classifier_)
    log_info(
        fmt::format("{} has no head for stage {}: it starts from random weights", path_, stage.number()));
}

}  // namespace interlock::models
