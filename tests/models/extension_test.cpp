#include "models/extension.h"

#include "common/error.h"
#include "models/layers/registry.h"
#include "models/registered.h"
#include "support/catch.h"

namespace interlock::models {
namespace {

using config::LayerSpec;

LayerPtr any_layer(const LayerSpec&) {
  return make_layer(LayerSpec::make("relu"));
}

TEST_CASE("a registered layer is made from its name, and suggested for a name that is nearly it") {
  register_layer("test_layer", any_layer);
  CHECK(make_layer(LayerSpec::make("test_layer")) != nullptr);
  CHECK_THROWS_WITH(make_layer(LayerSpec::make("test_layre")), Catch::Contains("did you mean 'test_layer'"));
}

TEST_CASE("a name that is taken or that no config could hold is refused") {
  register_model("test_taken", [](const LayerSpec&, const Problem&) { return std::vector<LayerSpec>(); });
  for (const char* name : {"linear", "test_taken", "", "two words", "a:b"})
    CHECK_THROWS_AS(register_layer(name, any_layer), UsageError);
  CHECK_THROWS_AS(register_model("linear", {}), UsageError);
}

TEST_CASE("a model's layers stand where its name stood, with its place in the config") {
  register_model("test_pair", [](const LayerSpec& spec, const Problem& problem) {
    const LayerSpec linear = LayerSpec::make("linear").with("in", problem.input[0]);
    return std::vector<LayerSpec>{linear.with("out", spec.required_int("out", 1)), LayerSpec::make("relu")};
  });
  const config::Location here{"a.yaml", 3, 5};
  const LayerSpec pair{"test_pair", {{"out", std::int64_t{7}, here}}, here};
  const std::vector<LayerSpec> all =
      expand_models({LayerSpec::make("tanh"), pair, LayerSpec::make("gelu")}, Problem{{4}, {}, 2});
  REQUIRE(all.size() == 4);
  CHECK(all[1].kind == "linear");
  CHECK(all[1].required_int("in", 1) == 4);
  CHECK(all[1].required_int("out", 1) == 7);
  CHECK(all[1].where.text() == here.text());
  CHECK(all[1].arguments[0].where.text() == here.text());
  CHECK(all[3].kind == "gelu");
  CHECK_THROWS_WITH(make_layer(pair), Catch::Contains("stands for several layers"));
}

}  // namespace
}  // namespace interlock::models
