#pragma once
// Whether a file's tensors fit a network: what is expected, and one message about all that does not fit.

#include <map>
#include <string>
#include <vector>

#include "models/blueprint.h"

namespace interlock::models {

struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  at::ScalarType type = at::kFloat;
  bool required = true;  // batch-norm statistics may be missing, but not where they stay as they are
};

// The tensors of a list of layers, called "<prefix>.<number>.<name>"; `frozen` is empty or one entry a layer.
std::vector<ExpectedTensor> expected_tensors(const std::vector<config::LayerSpec>& layers,
                                             const std::string& prefix, const std::vector<bool>& frozen);

// Collects what does not fit, so that the message can list it all.
class Misfits {
 public:
  void missing(const ExpectedTensor& expected);
  void extra(const std::string& name, const at::Tensor& tensor);
  // Notes it and returns false where shape or kind of type differ.
  bool check(const ExpectedTensor& expected, const std::string& name, const at::Tensor& found);
  // A way out, said once at the end of the message.
  void hint(const std::string& text);

  [[nodiscard]] bool any() const { return !missing_.empty() || !extra_.empty() || !different_.empty(); }
  // REQUIRES any(). Throws the DataError: the first few of each kind, and how many there are.
  [[noreturn]] void fail(const std::string& path, const std::string& naming) const;

 private:
  std::vector<std::string> missing_, extra_, different_, hints_;
};

}  // namespace interlock::models
