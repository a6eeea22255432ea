#include "comm/later_starts.h"

#include <utility>

namespace interlock::comm {
namespace {

// A stream that has failed never starts its transfers: who waits for one must hear of it.
class LaterTransfer : public DeviceTransfer {
 public:
  LaterTransfer(Transfer transfer, device::Event ready)
      : transfer_(std::move(transfer)), ready_(std::move(ready)) {}
  void wait() override {
    ready_.synchronise();
    transfer_.wait();
  }
  [[nodiscard]] bool done() override { return ready_.done() && transfer_.done(); }

 private:
  Transfer transfer_;
  device::Event ready_;
};

}  // namespace

Transfer LaterStarts::start_after(const device::Stream& stream, ProgressEngine::Prepared prepared) {
  ++waiting_;
  try {
    stream.run_on_host_after([this, start_later = std::move(prepared.start_later)] {
      start_later();
      --waiting_;
    });
  } catch (...) {
    --waiting_;
    engine_.give_up_prepared(1);
    throw;
  }
  return Transfer(std::make_shared<LaterTransfer>(std::move(prepared.transfer), stream.record()));
}

void LaterStarts::drain(const device::Stream& stream) noexcept {
  try {
    stream.synchronise();
  } catch (...) {  // a device that has failed calls nobody back
    engine_.give_up_prepared(waiting_.exchange(0));
  }
}

}  // namespace interlock::comm
