#if INTERLOCK_CUDA
#include "comm/nccl_mesh.h"

#include <chrono>
#include <cstring>
#include <exception>
#include <numeric>
#include <utility>

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "comm/exchange.h"
#include "comm/nccl_check.h"
#include "common/clock.h"
#include "common/error.h"

namespace interlock::comm {
namespace {

constexpr double kStartSeconds = 120;  // large clusters take a while
constexpr double kEndSeconds = 10;
constexpr std::chrono::milliseconds kWatchPause{100};
// A posted receive holds its multiprocessors until the data comes. Four boundaries' worth leaves most to
// compute.
constexpr int kBlocksOfLane = 8;

std::vector<Rank> ranks(int first, int count) {
  std::vector<Rank> group;
  for (int i = 0; i < count; ++i) group.push_back(Rank{first + i});
  return group;
}

}  // namespace

NcclMesh::NcclMesh(ProgressEngine& engine, const Placement& placement, device::Device& device)
    : engine_(engine),
      placement_(placement),
      own_(placement.place_of(engine.rank())),
      device_(device),
      exceptions_(std::uncaught_exceptions()) {
  make_ids();
  share_ids();
  for_each_boundary([this](int lower, Lanes& lanes) { open_boundary(lower, lanes); });
  if (placement.replicas(own_.stage) > 1) open_replicas();
  watchdog_ = std::thread([this] { watch(); });
}

NcclMesh::~NcclMesh() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (watchdog_.joinable()) watchdog_.join();
  if (aborted_ || engine_.failed() || std::uncaught_exceptions() > exceptions_)
    return;  // they abort themselves
  const double deadline = monotonic_seconds() + kEndSeconds;
  for (NcclCommunicator* communicator : all()) communicator->finish(deadline - monotonic_seconds());
}

// The lowest rank of each group makes its ids. Before anybody waits for them everyone hears whether all could: who
// waits for a rank that has given up waits for ever.
void NcclMesh::make_ids() {
  std::string problem;
  for (ncclUniqueId& id : ids_) {
    const ncclResult_t result = own_.replica == 0 ? ncclGetUniqueId(&id) : ncclSuccess;
    if (result != ncclSuccess) problem = describe_nccl(result);
  }
  constexpr int kFirstWorker = 1;
  const std::vector<std::string> problems =
      exchange(engine_, ranks(kFirstWorker, placement_.workers()), problem);
  for (std::size_t worker = 0; worker < problems.size(); ++worker) {
    if (problems[worker].empty()) continue;
    throw PeerError(fmt::format(
        "NCCL does not start on rank {}: {}. NCCL_DEBUG=INFO in the environment makes it say more; "
        "run.transport=host_staged does without NCCL",
        kFirstWorker + static_cast<int>(worker), problems[worker]));
  }
}

// All ids are shared before any communicator is made: a rank for which one fails shares none any more.
void NcclMesh::share_ids() {
  const auto share = [&](const std::vector<Rank>& group, std::initializer_list<Id> which) {
    std::string own;
    for (const Id id : which) own.append(ids_[id].internal, sizeof(ncclUniqueId));
    const bool leads = engine_.rank() == group.front();
    const std::string told = exchange(engine_, group, leads ? own : "").front();
    std::vector<ncclUniqueId> ids(which.size());
    INTERLOCK_CHECK(told.size() == own.size(), fmt::format("NCCL ids of {} bytes", told.size()));
    std::memcpy(ids.data(), told.data(), told.size());
    return ids;
  };
  for_each_boundary([&](int lower, Lanes& lanes) { lanes.ids = share(boundary(lower), {kUp, kDown}); });
  if (placement_.replicas(own_.stage) > 1) replicas_id_ = share(replicas_of(own_.stage), {kReplicas}).front();
}

std::vector<Rank> NcclMesh::replicas_of(int stage) const {
  return ranks(index(placement_.rank_of({stage, 0})), placement_.replicas(stage));
}

std::vector<Rank> NcclMesh::boundary(int lower) const {
  return ranks(index(placement_.rank_of({lower, 0})),
               placement_.replicas(lower) + placement_.replicas(lower + 1));
}

// Of a rank's two boundaries one is even and one odd; all ranks begin with the even ones.
template <class Use>
void NcclMesh::for_each_boundary(const Use& use) {
  for (const int odd : {0, 1}) {
    if (own_.stage % 2 == odd && own_.stage + 1 < placement_.stages()) use(own_.stage, above_);
    if (own_.stage > 0 && (own_.stage - 1) % 2 == odd) use(own_.stage - 1, below_);
  }
}

void NcclMesh::open_boundary(int lower, Lanes& lanes) {
  const int below = placement_.replicas(lower);
  const int above = placement_.replicas(lower + 1);
  lanes.first = index(placement_.rank_of({lower, 0}));
  const int own = index(engine_.rank()) - lanes.first;
  const auto open = [&](const char* what, int from, int to, const ncclUniqueId& id) {
    NcclPlan plan{fmt::format("{} from stage {} to {}", what, from, to), own, below + above, kBlocksOfLane};
    auto communicator =
        std::make_unique<NcclCommunicator>(std::move(plan), id, device_.new_stream(device::Priority::kHigh));
    communicator->wait_until_idle(kStartSeconds);
    return communicator;
  };
  lanes.up = open("activations", lower, lower + 1, lanes.ids.at(0));
  lanes.down = open("gradients", lower + 1, lower, lanes.ids.at(1));
  // Ranks of a boundary: the lower stage's, then the upper's.
  const at::Tensor words = at::zeros({below + above}, at::TensorOptions(device_.torch_device()));
  const bool is_lower = own < below;
  for (const bool up : {true, false}) {
    NcclCommunicator& communicator = up ? *lanes.up : *lanes.down;
    communicator.stream().wait(device_.compute_stream().record());
    communicator.stream().keep(words);
    communicator.group_within(kStartSeconds, [&](ncclComm_t native) {
      auto* const stream = static_cast<cudaStream_t>(communicator.stream().native());
      float* const word = words.mutable_data_ptr<float>();
      for (int peer = is_lower ? below : 0; peer < (is_lower ? below + above : below); ++peer) {
        if (up == is_lower)
          INTERLOCK_NCCL(ncclSend(word + peer, 1, ncclFloat, peer, native, stream));
        else
          INTERLOCK_NCCL(ncclRecv(word + peer, 1, ncclFloat, peer, native, stream));
      }
    });
    finish_warm_up(communicator);
  }
}

void NcclMesh::open_replicas() {
  const int count = placement_.replicas(own_.stage);
  NcclPlan plan{fmt::format("sums over the replicas of stage {}", own_.stage), own_.replica, count, 0};
  replicas_ = std::make_unique<NcclCommunicator>(std::move(plan), replicas_id_,
                                                 device_.new_stream(device::Priority::kHigh));
  replicas_->wait_until_idle(kStartSeconds);
  const at::Tensor word = at::zeros({1}, at::TensorOptions(device_.torch_device()));
  replicas_->stream().wait(device_.compute_stream().record());
  replicas_->stream().keep(word);
  replicas_->group_within(kStartSeconds, [&](ncclComm_t native) {
    INTERLOCK_NCCL(ncclAllReduce(word.const_data_ptr<float>(), word.mutable_data_ptr<float>(), 1, ncclFloat,
                                 ncclSum, native, static_cast<cudaStream_t>(replicas_->stream().native())));
  });
  finish_warm_up(*replicas_);
}

void NcclMesh::finish_warm_up(const NcclCommunicator& communicator) const {
  const device::Event done = communicator.stream().record();
  const double deadline = monotonic_seconds() + kStartSeconds;
  while (!done.done()) {
    if (monotonic_seconds() >= deadline)
      throw PeerError(
          "NCCL: the first message between the GPUs does not arrive; run.transport=host_staged does "
          "without NCCL");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::vector<NcclCommunicator*> NcclMesh::all() {
  std::vector<NcclCommunicator*> found;
  for (auto* one :
       {above_.up.get(), above_.down.get(), below_.up.get(), below_.down.get(), replicas_.get()}) {
    if (one != nullptr) found.push_back(one);
  }
  return found;
}

void NcclMesh::check() const {
  if (!aborted_) return;
  const std::lock_guard lock(mutex_);
  throw PeerError(failure_);
}

void NcclMesh::abort_all(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = why;
  }
  aborted_ = true;
  for (NcclCommunicator* communicator : all()) communicator->abort(why);
}

void NcclMesh::watch() {
  device_.make_current();
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kWatchPause, [this] { return stopping_; })) {
    lock.unlock();
    std::string why = engine_.failed() ? "MPI has failed" : "";
    for (NcclCommunicator* communicator : all()) {
      if (why.empty()) why = communicator->poll();
    }
    if (!why.empty()) {
      abort_all(why);
      return;
    }
    lock.lock();
  }
}

}  // namespace interlock::comm
#endif
