#pragma once
// Initial weights from elsewhere (model.init): read, recognised by their names, and checked as a whole
// against the whole network before any tensor is copied.

#include <map>
#include <string>
#include <vector>

#include "models/pretrained_names.h"
#include "models/stage.h"

namespace interlock::models {

class InitialWeights {
 public:
  // Reads and checks everything; nothing where model.init is "". What must fit: every parameter of every
  // layer, every head that the file has (those that it has not start afresh, as do heads of another place,
  // and with model.new_classifier the last layer and all heads); batch-norm statistics may be missing, but
  // not of a frozen layer. `vocabulary` is the data's (DatasetInfo). Positions beyond the context are left
  // out. Errors: DataError listing what is missing, what is too much and what has another shape.
  InitialWeights(const config::Config& config, const Blueprint& blueprint, const std::string& vocabulary);

  // Overwrites the stage's weights; logs what starts afresh all the same. REQUIRES a stage of the blueprint.
  void copy_into(const Stage& stage) const;

 private:
  std::string path_;  // "" where there is nothing to load
  std::string naming_;
  bool new_classifier_ = false;
  std::map<std::string, at::Tensor> tensors_;  // by our names: those to copy
  std::string tied_name_;                      // the output projection among them; "" where there is none
  std::string position_note_;
};

}  // namespace interlock::models
