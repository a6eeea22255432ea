// Heads written as strings. To add a token, add a case in append_token() and a line in docs/models.md.

#include <cctype>
#include <sstream>

#include <fmt/format.h>

#include "common/text.h"
#include "models/layers/registry.h"
#include "models/network.h"

namespace interlock::models {
namespace {

using config::LayerSpec;

const std::vector<std::string>& token_names() {
  static const std::vector<std::string> names = {"conv<C>", "bn", "relu", "pool",  "gbpl",
                                                 "fc<N>",   "fc", "norm", "block", "unembed"};
  return names;
}

// Builds the list and follows the shape through it.
class HeadBuilder {
 public:
  HeadBuilder(const config::Config& config, Shape shape, const Problem& problem)
      : config_(config), shape_(std::move(shape)), problem_(problem) {}

  void append_token(const std::string& token) {
    std::size_t letters = 0;
    while (letters < token.size() && std::isalpha(static_cast<unsigned char>(token[letters])) != 0) ++letters;
    const std::string name = token.substr(0, letters);
    const std::int64_t number = parse_number(token.substr(letters), token);
    if (name == "conv" && number > 0) {
      append(LayerSpec::make("conv2d")
                 .with("in", channels(token))
                 .with("out", number)
                 .with("padding", std::int64_t{1}));
    } else if (name == "bn" && number == 0) {
      append(LayerSpec::make("batchnorm2d").with("channels", channels(token)));
      append(LayerSpec::make("relu"));
    } else if (name == "relu" && number == 0) {
      append(LayerSpec::make("relu"));
    } else if (name == "pool" && number == 0) {
      append(LayerSpec::make("avgpool2d"));
    } else if (name == "gbpl" && number == 0) {
      append(LayerSpec::make("gbpl"));
    } else if (name == "norm" && number == 0) {
      append(LayerSpec::make("layernorm").with("features", features(token)));
    } else if (name == "block" && number == 0) {
      append(transformer_block_spec(config_.model));
    } else if (name == "unembed" && number == 0) {
      append(LayerSpec::make("unembed").with("in", features(token)).with("out", problem_.classes));
    } else if (name == "fc") {
      append_linear(number);
    } else {
      refuse(fmt::format("'{}' is no part of a head{}", token, config::suggest(token, token_names())));
    }
  }

  std::vector<LayerSpec> finish() {
    Shape wanted = problem_.target;
    if (problem_.classes > 0) wanted.push_back(problem_.classes);
    if (shape_ != wanted) refuse("it must end in fc (or unembed), which gives one output a class");
    return std::move(layers_);
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    config::fail(config_.where("learning.head"), "learning.head",
                 fmt::format("in '{}': {}", config_.learning.head, problem));
  }
  std::int64_t parse_number(const std::string& digits, const std::string& token) const {
    if (digits.empty()) return 0;
    if (digits.size() > 6 || digits.find_first_not_of("0123456789") != std::string::npos ||
        digits[0] == '0') {
      refuse(fmt::format("'{}': expected a number after the name", token));
    }
    return std::stoll(digits);
  }
  [[nodiscard]] std::int64_t channels(const std::string& token) const {
    if (shape_.size() != 3)
      refuse(
          fmt::format("'{}' needs [channels, height, width] but gets {}; after flat layers use linear, or fc",
                      token, format_shape(shape_)));
    return shape_[0];
  }
  [[nodiscard]] std::int64_t features(const std::string& token) const {
    if (shape_.size() != 2)
      refuse(fmt::format("'{}' needs [tokens, width] but gets {}", token, format_shape(shape_)));
    return shape_[1];
  }
  void append(const LayerSpec& spec) {
    try {
      shape_ = make_layer(spec)->output_shape(shape_);
    } catch (const ShapeMismatch& mismatch) {
      refuse(fmt::format("{} {}", spec.kind, mismatch.what()));
    }
    layers_.push_back(spec);
  }
  void append_linear(std::int64_t hidden) {
    const bool by_position = problem_.classes > 0 && !problem_.target.empty();
    if (shape_.size() > 1 && !by_position) append(LayerSpec::make("flatten"));
    const std::int64_t outputs = problem_.classes > 0 ? problem_.classes : element_count(problem_.target);
    LayerSpec linear =
        LayerSpec::make("linear").with("in", shape_.back()).with("out", hidden > 0 ? hidden : outputs);
    if (by_position && hidden == 0) linear = linear.with("bias", false);
    append(linear);
    if (hidden > 0) append(LayerSpec::make("relu"));
  }

  const config::Config& config_;
  Shape shape_;
  const Problem& problem_;
  std::vector<LayerSpec> layers_;
};

}  // namespace

std::vector<LayerSpec> describe_head(const config::Config& config, const Shape& input,
                                     const Problem& problem) {
  HeadBuilder builder(config, input, problem);
  const std::string& text = config.learning.head;
  std::istringstream stream(text == "linear" ? "fc" : text);
  for (std::string token; std::getline(stream, token, '_');) builder.append_token(token);
  return builder.finish();
}

}  // namespace interlock::models
