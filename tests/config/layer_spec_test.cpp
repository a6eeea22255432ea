// The typed readers of a layer's arguments, and Location.

#include <functional>

#include "config_support.h"

namespace interlock::config {
namespace {

LayerSpec layer_of(const std::string& text) {
  return parse("model:\n  layers:\n  - " + text).model.layers.at(0);
}

std::string refusal(const std::function<void()>& read) {
  try {
    read();
  } catch (const UsageError& error) {
    CHECK(error.code() == ExitCode::kUsage);
    return error.what();
  }
  FAIL("accepted");
  return "";
}

}  // namespace

TEST_CASE("layer arguments are read with their fallbacks", "[config]") {
  const LayerSpec layer = layer_of("conv2d: {in: 3, stride: 2, bias: false, p: 0.25, q: 1}");
  CHECK(layer.required_int("in", 1) == 3);
  CHECK(layer.int_or("stride", 1, 1) == 2);
  CHECK(layer.int_or("padding", 7, 0) == 7);
  CHECK_FALSE(layer.bool_or("bias", true));
  CHECK(layer.bool_or("other", true));
  CHECK(layer.double_or("p", 0.5, 0, 1) == 0.25);
  CHECK(layer.double_or("q", 0.5, 0, 1) == 1);  // a whole number is a number
  CHECK(layer.double_or("r", 0.5, 0, 1) == 0.5);
  CHECK_NOTHROW(layer.reject_unknown({"in", "stride", "bias", "p", "q"}));
}

TEST_CASE("a bad layer argument is refused at its place", "[config]") {
  const LayerSpec layer = layer_of("linear: {in: 0, out: x, bias: 1, p: 2.0, n: 1.5}");
  CHECK(refusal([&] { static_cast<void>(layer.required_int("size", 1)); }) ==
        "configs/a.yaml:3:5: linear.size: missing; it takes a whole number, 1 or more, as in linear: {size: "
        "1}");
  CHECK(refusal([&] { static_cast<void>(layer.required_int("in", 1)); }) ==
        "configs/a.yaml:3:18: linear.in: wants a whole number, 1 or more, got '0'");
  CHECK_THAT(refusal([&] { static_cast<void>(layer.required_int("out", 1)); }),
             Catch::EndsWith("got text 'x'"));
  CHECK_THAT(refusal([&] { static_cast<void>(layer.int_or("n", 1, 1)); }), Catch::EndsWith("got '1.5'"));
  CHECK_THAT(refusal([&] { static_cast<void>(layer.bool_or("in", true)); }),
             Catch::EndsWith("wants true or false, got '0'"));
  CHECK_THAT(refusal([&] { static_cast<void>(layer.double_or("p", 0, 0, 1)); }),
             Catch::EndsWith("linear.p: wants a number at least 0 and at most 1, got '2'"));
  CHECK_THAT(refusal([&] { static_cast<void>(layer.double_or("out", 0, 0, 1)); }),
             Catch::EndsWith("got text 'x'"));
  CHECK(refusal([&] {
          layer.reject_unknown({"in", "out", "biass", "p"});
        }) == "configs/a.yaml:3:35: linear.bias: unknown argument; did you mean 'biass'?");
  CHECK_THAT(refusal([&] { layer.reject_unknown({}); }),
             Catch::Contains("linear.in: this layer takes no arguments"));
}

TEST_CASE("a layer made in code has no place but the same readers", "[config]") {
  const LayerSpec layer = LayerSpec::make("linear").with("in", std::int64_t{8}).with("bias", false);
  CHECK(layer.required_int("in", 1) == 8);
  CHECK_FALSE(layer.bool_or("bias", true));
  CHECK_THAT(refusal([&] { static_cast<void>(layer.required_int("out", 1)); }),
             Catch::StartsWith("default: linear.out: missing"));
}

TEST_CASE("a place reads file:line:column, command line or default", "[config]") {
  CHECK(Location{"configs/a.yaml", 3, 5}.text() == "configs/a.yaml:3:5");
  CHECK(Location{"configs/a.yaml", 0, 0}.text() == "configs/a.yaml");
  CHECK(Location{"command line", 0, 0}.text() == "command line");
  CHECK(Location{}.text() == "default");
}

TEST_CASE("a suggestion is the nearest name, else all of them", "[config]") {
  CHECK(suggest("horizn", {"mix", "horizon"}) == "; did you mean 'horizon'?");
  CHECK(suggest("xyzzyxyzzy", {"mix", "horizon"}) == "; valid are: mix, horizon");
  CHECK(suggest(std::string(2000000, 'x'), {"mix"}) == "; valid are: mix");
  CHECK(suggest("x", {}).empty());
}

}  // namespace interlock::config
