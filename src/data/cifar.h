#pragma once
// CIFAR-10 and CIFAR-100, "binary version": records of label bytes and 3 x 32 x 32 pixels, no header. No
// torch.

#include <cstdint>
#include <string>

#include "data/image_store.h"

namespace interlock::data {

enum class CifarKind { k10, k100 };  // CIFAR-100 uses its fine labels

// Reads from `folder`, or from its subfolder cifar-10-batches-bin (cifar-100-binary) where that exists. Keeps
// the first `train_limit` and `eval_limit` images (0 = all) and does not open files beyond them. Files with
// another number of records than the published ones are read if none of the set has the published number (a
// set the user made); otherwise one of them is incomplete. Without `with_eval` the evaluation file is not
// looked at, and eval is empty. Errors: DataError with file, byte offset and what was expected there.
ImageSets read_cifar(CifarKind kind, const std::string& folder, std::int64_t train_limit,
                     std::int64_t eval_limit, bool with_eval = true);

}  // namespace interlock::data
