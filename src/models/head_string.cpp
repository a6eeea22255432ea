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
  static const std::vector<std::string> names = {"conv<C>", "bn", "relu", "gbpl", "fc<N>", "fc"};
  return names;
}

// Builds the list and follows the shape through it.
class HeadBuilder {
 public:
  HeadBuilder(Shape shape, const Problem& problem, const std::string& text, const config::Location& where)
      : shape_(std::move(shape)), problem_(problem), text_(text), where_(where) {}

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
    } else if (name == "gbpl" && number == 0) {
      append(LayerSpec::make("gbpl"));
    } else if (name == "fc") {
      append_linear(number);
    } else {
      refuse(fmt::format("'{}' is no part of a head{}", token, config::suggest(token, token_names())));
    }
  }

  std::vector<LayerSpec> finish() {
    const Shape wanted = problem_.classes > 0 ? Shape{problem_.classes} : problem_.target;
    if (shape_ != wanted) refuse("it must end in fc, which gives one output a class");
    return std::move(layers_);
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    config::fail(where_, "learning.head", fmt::format("in '{}': {}", text_, problem));
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
      refuse(fmt::format("'{}' needs [channels, height, width] but gets {}", token, format_shape(shape_)));
    return shape_[0];
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
    if (shape_.size() > 1) append(LayerSpec::make("flatten"));
    const std::int64_t outputs = problem_.classes > 0 ? problem_.classes : element_count(problem_.target);
    append(LayerSpec::make("linear").with("in", shape_[0]).with("out", hidden > 0 ? hidden : outputs));
    if (hidden > 0) append(LayerSpec::make("relu"));
  }

  Shape shape_;
  const Problem& problem_;
  const std::string& text_;
  const config::Location& where_;
  std::vector<LayerSpec> layers_;
};

}  // namespace

std::vector<LayerSpec> describe_head(const std::string& text, const Shape& input, const Problem& problem,
                                     const config::Location& where) {
  HeadBuilder builder(input, problem, text, where);
  std::istringstream stream(text == "linear" ? "fc" : text);
  for (std::string token; std::getline(stream, token, '_');) builder.append_token(token);
  return builder.finish();
}

}  // namespace interlock::models
