#pragma once
// One reader for each section: fills its struct, with the defaults that depend on other keys of that section,
// and checks what can be seen within it; check_across_sections() does the rest. All throw UsageError.

#include "config/config.h"
#include "config/section.h"

namespace interlock::config {

ModelConfig read_model(const Section& section);
PartitionConfig read_partition(const Section& section);
LearningConfig read_learning(const Section& section);
ScheduleConfig read_schedule(const Section& section, Origins& origins);
DataConfig read_data(const Section& section);
OptimizerConfig read_optimizer(const Section& section, Origins& origins);
TrainingConfig read_training(const Section& section);
RunConfig read_run(const Section& section, Origins& origins);
ProfileConfig read_profile(const Section& section);

}  // namespace interlock::config
