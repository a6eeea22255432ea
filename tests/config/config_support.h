#pragma once
// Shared by the tests of this folder: a config from text, and the message that a bad one leads to.

#include <string>
#include <vector>

#include "config/config.h"
#include "support/catch.h"

namespace interlock::config {

inline Config parse(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return parse_config(yaml, "configs/a.yaml", overrides);
}

// The message; fails the test where there is no error, or another one than a UsageError with exit code 2.
inline std::string problem_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  try {
    parse(yaml, overrides);
  } catch (const UsageError& error) {
    CHECK(static_cast<int>(error.code()) == 2);
    return error.what();
  }
  FAIL("accepted: " << yaml);
  return "";
}

// The config of design.md, section 5.
inline const char* const kExample = R"(model:
  kind: sequential
  layers:
    - linear: {in: 8, out: 16}        # bias: true unless said otherwise
    - relu
    - linear: {in: 16, out: 16}
    - relu
    - linear: {in: 16, out: 4}
  init: start.safetensors             # optional
partition: {layers: [2, 2, 1]}        # or "2,2,rest"
learning:
  horizon: 2
  mix: farthest
  heads:                              # one layer list a stage, none for the last; or one string for all: head: "..."
    - [{linear: {in: 16, out: 4}}]
    - [{linear: {in: 16, out: 4}}]
schedule: {micro_batches: 1}
data: {kind: tensors, path: train.safetensors, shuffle: false}
optimizer: {kind: sgd, lr: 0.1, momentum: 0.9}
training: {batch_size: 8, epochs: 1, loss: cross_entropy, seed: 1}
run: {dir: runs/mlp}                  # device: auto | cpu | cuda | simulated
)";

}  // namespace interlock::config
