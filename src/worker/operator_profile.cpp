#include "worker/operator_profile.h"

#include "worker/kineto_profile.h"
#include "worker/operator_observer.h"

namespace interlock::worker {

std::unique_ptr<OperatorProfile> make_operator_profile(bool on_gpu) {
  if (on_gpu) return std::make_unique<KinetoProfile>(on_gpu);
  return std::make_unique<OperatorObserver>();
}

}  // namespace interlock::worker
