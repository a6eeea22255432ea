#pragma once
// partition.balance: auto, resolved: measures the network's layers here and cuts by what they cost.

#include "config/config.h"
#include "data/dataset.h"

namespace interlock::app {

// Where the config asks for it, sets partition.layers to the balanced cut and says what it measured; else
// does nothing. Takes costs from schedule.costs where that is a profile. Errors: UsageError.
void balance(config::Config& config, const data::DatasetInfo& data);

}  // namespace interlock::app
