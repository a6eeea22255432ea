#pragma once
// The MNIST family (MNIST, Fashion-MNIST, KMNIST, EMNIST): idx files of grey images and class numbers. No
// torch.

#include <cstdint>
#include <string>

#include "data/image_store.h"

namespace interlock::data {

// Reads train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte
// from `folder`; each may have '.' for the '-' before "idx", and may be gzip with ".gz" at the end. Classes:
// the largest training label + 1, and at least 10. Every file is read to its end, so that a damaged one is
// found whatever the limits; then the first `train_limit` and `eval_limit` images are kept (0 = all).
// Without `with_eval` the t10k files are not looked at, and eval is empty.
// Errors: DataError with file and byte offset (of unpacked data).
ImageSets read_idx(const std::string& folder, std::int64_t train_limit, std::int64_t eval_limit,
                   bool with_eval = true);

}  // namespace interlock::data
