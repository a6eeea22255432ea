#pragma once
// data.kind imagefolder: ImageNet and what is laid out like it, train/CLASS/*.jpg and val/CLASS/*.jpg.

#include "config/config.h"
#include "data/dataset.h"
#include "data/image_dataset.h"

namespace interlock::data {

// Lists data.path and makes the sets; no image is opened. With data.holdout the evaluation set is a part of
// train, and val is not looked at; else val is the evaluation set, none where there is no such folder.
// Errors: DataError where folders are missing or classes differ; UsageError where the config does not fit.
DataSource open_image_folder(const config::Config& config, const Normalisation& normalisation);

}  // namespace interlock::data
