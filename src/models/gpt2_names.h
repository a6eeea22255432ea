#pragma once
// Hugging Face's names for the tensors of GPT-2, and ours: for loading and for export.

#include <string>

#include "storage/safetensors.h"

namespace interlock::models {

inline const std::string kGpt2Prefix = "transformer.";

// A linear layer of GPT-2 holds its matrix as [in, out]; ours is [out, in].
struct Gpt2Part {
  const char* theirs;
  const char* ours;
  bool transposed;
};
inline constexpr Gpt2Part kGpt2BlockParts[] = {
    {"ln_1.weight", "norm1.weight", false},
    {"ln_1.bias", "norm1.bias", false},
    {"attn.c_attn.weight", "attention.query_key_value.weight", true},
    {"attn.c_attn.bias", "attention.query_key_value.bias", false},
    {"attn.c_proj.weight", "attention.output.weight", true},
    {"attn.c_proj.bias", "attention.output.bias", false},
    {"ln_2.weight", "norm2.weight", false},
    {"ln_2.bias", "norm2.bias", false},
    {"mlp.c_fc.weight", "mlp.expand.weight", true},
    {"mlp.c_fc.bias", "mlp.expand.bias", false},
    {"mlp.c_proj.weight", "mlp.contract.weight", true},
    {"mlp.c_proj.bias", "mlp.contract.bias", false},
};

// Our tensors under their names, laid out as theirs; heads are left out, they have no place there.
// `last_layer` is the number of the output layer.
storage::TensorFile with_gpt2_names(const storage::TensorFile& weights, int last_layer, bool tied);

}  // namespace interlock::models
