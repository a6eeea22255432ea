#include "comm/transfer.h"

#include <utility>

#include "comm/progress_engine.h"

namespace interlock::comm {

Transfer::Transfer(ProgressEngine* engine, std::shared_ptr<PendingOperation> operation)
    : engine_(engine), operation_(std::move(operation)) {}
Transfer::Transfer(std::shared_ptr<DeviceTransfer> device) : device_(std::move(device)) {}

void Transfer::wait() {
  if (device_)
    device_->wait();
  else
    engine_->wait(*operation_);
}

bool Transfer::done() const {
  return device_ ? device_->done() : engine_->done(*operation_);
}

}  // namespace interlock::comm
