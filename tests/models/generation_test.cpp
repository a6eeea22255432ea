#include "models/generation.h"

#include <algorithm>
#include <cmath>

#include "models_support.h"

namespace interlock::models {
namespace {

const auto kNever = [](std::int64_t) { return false; };

TEST_CASE("tokens are drawn as often as the softmax of scores over temperature says") {
  const at::Tensor scores = torch::tensor({0.0, 1.0, 2.0, -1.0});
  for (const double temperature : {1.0, 0.5, 2.0}) {
    const at::Tensor expected = (scores / temperature).softmax(0);
    std::vector<double> found(4, 0);
    constexpr int kDraws = 4000;
    for (int i = 0; i < kDraws; ++i)
      found[static_cast<std::size_t>(draw_token(scores, {temperature, 0, 3}, i))] += 1.0 / kDraws;
    for (std::size_t token = 0; token < 4; ++token) {
      const double wanted = expected[static_cast<std::int64_t>(token)].item<double>();
      CHECK(std::abs(found[token] - wanted) < 4 * std::sqrt(wanted * (1 - wanted) / kDraws));
    }
  }
}

TEST_CASE("top-k never draws beyond the k likeliest, and temperature 0 takes the likeliest") {
  const at::Tensor scores = torch::tensor({0.1, 0.4, 0.3, 0.2});
  for (int i = 0; i < 200; ++i) {
    const std::int64_t token = draw_token(scores, {5.0, 2, 1}, i);
    CHECK((token == 1 || token == 2));
    CHECK(draw_token(scores, {0, 0, 1}, i) == 1);
    CHECK(draw_token(scores, {1, 1, 1}, i) == 1);
  }
  CHECK(draw_token(scores, {1, 99, 1}, 0) == draw_token(scores, {1, 0, 1}, 0));
}

TEST_CASE("generating follows the seed, keeps to the context and stops where it is told to") {
  const config::Config config =
      parse("model: {kind: transformer_lm, blocks: 1, width: 8, attention_heads: 2}");
  const std::vector<Stage> stages = build(blueprint_of(config, {{5}, {5}, 7, true}));
  const LayerSequence& network = stages[0].main();
  const auto run = [&](std::uint64_t seed) {
    return continue_text(network, {1, 2}, 20, 5, {1.0, 0, seed}, kNever);
  };
  const std::vector<std::int64_t> text = run(1);
  CHECK(text.size() == 20);  // four times the context
  CHECK(std::all_of(text.begin(), text.end(), [](std::int64_t token) { return 0 <= token && token < 7; }));
  CHECK(run(1) == text);
  CHECK(run(2) != text);
  const std::int64_t last = text[4];
  const auto place = std::find(text.begin(), text.end(), last);
  CHECK(continue_text(network, {1, 2}, 20, 5, {1.0, 0, 1}, [&](std::int64_t token) {
          return token == last;
        }) == std::vector<std::int64_t>(text.begin(), place));
}

}  // namespace
}  // namespace interlock::models
