#pragma once
// The names that other programs give to a network's tensors, and ours for them.

#include <map>
#include <string>
#include <vector>

#include "models/network.h"
#include "storage/safetensors.h"

namespace interlock::models {

struct RenamedTensor {
  std::string name;   // in the file
  at::Tensor tensor;  // laid out as ours
};

struct RenamedTensors {
  std::string naming;  // "torchvision", for messages
  // By our names. What has no place in any network keeps its own name.
  std::map<std::string, RenamedTensor> tensors;
};

// Tells from the names whose they are: ours, torchvision's ResNets' or Hugging Face's GPT-2's (with or
// without "transformer." before them; a projection that is not there is the token embedding). `expected` are
// our names for the network's tensors. Errors: DataError "<path>: ..." for names of nobody known, of another
// kind of model, or given twice.
RenamedTensors with_our_names(const storage::TensorFile& file, const std::string& path,
                              const config::Config& config, const Network& network,
                              const std::vector<std::string>& expected);

}  // namespace interlock::models
