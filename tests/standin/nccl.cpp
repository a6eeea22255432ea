// NCCL between processes of one host. Non-blocking communicators only; a group's work enters its stream some time
// after ncclGroupEnd, from a thread, as NCCL's does. Its rules are checked: what breaks one is told on standard error
// and fails the communicator.
//
//   STANDIN_NCCL_ABSENT_RANK               this rank of the job never joins
//   STANDIN_NCCL_BROKEN                    not 0: nothing can be started
//   STANDIN_NCCL_VERSION_RANK, _VERSION    this rank (none named: all) has another NCCL
//   STANDIN_NCCL_ERROR_RANK, _ERROR_AFTER  this rank's communicators report an error of the network after so many groups
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <nccl.h>
#include <set>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "nccl_shared.h"
#include "standin.h"

namespace standin {

Shared* open_shared(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof(Shared)) != 0) abort();
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) abort();
  return static_cast<Shared*>(memory);
}

}  // namespace standin

using namespace standin;

struct ncclComm {
  Shared* shared = nullptr;
  int rank = 0;
  int size = 0;
  std::atomic<int> state{ncclInProgress};  // ncclResult_t
  std::atomic<bool> aborted{false};
  unsigned long sent[kMostRanks] = {}, received[kMostRanks] = {};  // chunks; the stream's thread's
  std::thread helper;
  long groups = 0;
  std::set<int> connected;  // sums by size class (-1, -2), messages by peer: what is set up when first used
};

namespace {

struct Call {
  enum class Kind { kSend, kReceive, kSum };
  Kind kind = Kind::kSend;
  ncclComm_t communicator = nullptr;
  const char* from = nullptr;
  char* to = nullptr;
  std::size_t bytes = 0;
  ncclDataType_t type = ncclFloat32;
  int peer = 0;
  cudaStream_t stream = nullptr;
};

thread_local int open_groups = 0;
thread_local std::vector<Call> calls;  // of the open group
thread_local std::string last_words;

ncclResult_t refuse(const std::string& words) {
  last_words = words;
  fprintf(stderr, "stand-in NCCL: %s\n", words.c_str());
  return ncclInvalidUsage;
}

void break_down(ncclComm_t communicator, ncclResult_t result, const std::string& words) {
  fprintf(stderr, "stand-in NCCL: %s\n", words.c_str());
  communicator->state = result;
}

std::size_t width(ncclDataType_t type) {
  switch (type) {
    case ncclInt64:
    case ncclUint64:
    case ncclFloat64:
      return 8;
    case ncclFloat32:
    case ncclInt32:
    case ncclUint32:
      return 4;
    case ncclBfloat16:
    case ncclFloat16:
      return 2;
    default:
      return 1;
  }
}

void pause_a_little() {
  std::this_thread::sleep_for(std::chrono::microseconds(20));
}

// False where the communicator was aborted first.
template <class Condition>
bool wait_until(ncclComm_t communicator, const Condition& condition) {
  while (!condition()) {
    if (communicator->aborted) return false;
    pause_a_little();
  }
  return true;
}

// A message in parts: whether something moved, and whether all has.
class Message {
 public:
  explicit Message(const Call& call) : call_(call) {
    ncclComm& own = *call.communicator;
    const bool sends = call.kind == Call::Kind::kSend;
    wire_ = sends ? &own.shared->wires[own.rank][call.peer] : &own.shared->wires[call.peer][own.rank];
    chunks_ = sends ? &own.sent[call.peer] : &own.received[call.peer];
  }
  [[nodiscard]] bool done() const { return moved_ >= call_.bytes; }

  void go_on() {
    const std::size_t bytes = std::min(kChunk, call_.bytes - moved_);
    if (call_.kind == Call::Kind::kSend)
      send(bytes);
    else
      receive(bytes);
  }

 private:
  void send(std::size_t bytes) {
    if (!put_) {
      if (wire_->wanted <= *chunks_) return;
      wire_->left = call_.bytes - moved_;
      wire_->type = call_.type;
      memcpy(wire_->bytes, static_cast<const char*>(bytes_at(call_.from)) + moved_, bytes);
      wire_->sent = ++*chunks_;
      put_ = true;
    }
    if (wire_->taken < *chunks_) return;
    put_ = false;
    moved_ += bytes;
  }

  void receive(std::size_t bytes) {
    if (!put_) {
      wire_->wanted = *chunks_ + 1;
      put_ = true;
    }
    if (wire_->sent <= *chunks_) return;
    if (wire_->left != call_.bytes - moved_ || wire_->type != call_.type) {
      char words[200];
      snprintf(words, sizeof(words), "rank %d sends %zu bytes of type %d, rank %d receives %zu of type %d",
               call_.peer, wire_->left.load(), wire_->type.load(), call_.communicator->rank,
               call_.bytes - moved_, call_.type);
      break_down(call_.communicator, ncclInvalidUsage, words);
      call_.communicator->aborted = true;
      return;
    }
    memcpy(static_cast<char*>(bytes_at(call_.to)) + moved_, wire_->bytes, bytes);
    wire_->taken = ++*chunks_;
    put_ = false;
    moved_ += bytes;
  }

  const Call& call_;
  Wire* wire_;
  unsigned long* chunks_;  // of this pair, before the next one
  std::size_t moved_ = 0;
  bool put_ = false;  // a chunk is on its way
};

void move(const std::vector<Call>& group) {
  std::vector<Message> messages(group.begin(), group.end());
  // Messages between one pair follow each other; those of other pairs go on beside them.
  for (bool all_done = false; !all_done;) {
    all_done = true;
    std::set<std::pair<int, int>> pairs;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].done()) continue;
      all_done = false;
      if (!pairs.emplace(static_cast<int>(group[i].kind), group[i].peer).second) continue;
      messages[i].go_on();
    }
    if (group.front().communicator->aborted) return;
    if (!all_done) std::this_thread::yield();
  }
}

bool meet(ncclComm_t communicator) {
  Shared& shared = *communicator->shared;
  const unsigned before = shared.barrier;
  if (++shared.arrived == communicator->size) {
    shared.arrived = 0;
    ++shared.barrier;
    return true;
  }
  return wait_until(communicator, [&] { return shared.barrier != before; });
}

void add_up(const Call& call) {
  ncclComm& own = *call.communicator;
  Shared& shared = *own.shared;
  shared.sum_bytes[own.rank] = call.bytes;
  if (!meet(&own)) return;
  for (int rank = 0; rank < own.size; ++rank) {
    if (shared.sum_bytes[rank] != call.bytes) {
      break_down(&own, ncclInvalidUsage, "ranks sum different numbers of bytes");
      return;
    }
  }
  for (std::size_t at = 0; at < call.bytes; at += kChunk) {
    const std::size_t bytes = std::min(kChunk, call.bytes - at);
    memcpy(shared.sums[own.rank], static_cast<const char*>(bytes_at(call.from)) + at, bytes);
    if (!meet(&own)) return;
    auto* const sum = reinterpret_cast<float*>(static_cast<char*>(bytes_at(call.to)) + at);
    for (std::size_t i = 0; i < bytes / sizeof(float); ++i) {
      float total = 0;
      for (int rank = 0; rank < own.size; ++rank)
        total += reinterpret_cast<const float*>(shared.sums[rank])[i];
      sum[i] = total;
    }
    if (!meet(&own)) return;
  }
}

// NCCL sets up what an algorithm or a peer needs when it is first used, by talking to the others: in the middle of a
// step a rank that waits for another one does not answer. Algorithms go by size, and can be set up at the start.
void note_connection(ncclComm& own, const Call& call) {
  const char* const setting = getenv("NCCL_RUNTIME_CONNECT");
  const bool sums = call.kind == Call::Kind::kSum;
  if (sums && setting != nullptr && strcmp(setting, "0") == 0) return;
  const int what = sums ? (call.bytes <= (std::size_t{64} << 10) ? -1 : -2) : call.peer;
  if (own.connected.insert(what).second && own.groups > 1)
    fprintf(stderr, "stand-in NCCL: rank %d connects for %zu bytes in the middle of its work\n", own.rank,
            call.bytes);
}

void in_stream(const std::vector<Call>& group) {
  if (group.front().communicator->aborted) return;
  if (group.front().kind == Call::Kind::kSum) {
    for (const Call& call : group) add_up(call);
  } else {
    move(group);
  }
}

ncclResult_t check(const std::vector<Call>& group) {
  ncclComm_t const communicator = group.front().communicator;
  for (const Call& call : group) {
    if (call.communicator != communicator) return refuse("two communicators in one group");
    if (call.stream != group.front().stream) return refuse("two streams in one group");
    if ((call.kind == Call::Kind::kSum) != (group.front().kind == Call::Kind::kSum))
      return refuse("sums and messages in one group: the stand-in does not know that");
    if (call.kind != Call::Kind::kSum &&
        (call.peer < 0 || call.peer >= communicator->size || call.peer == communicator->rank))
      return refuse("a message to or from rank " + std::to_string(call.peer));
    if (!is_device_memory(call.from != nullptr ? call.from : call.to))
      return refuse("memory that is not the GPU's");
  }
  if (communicator->state == ncclInProgress) return refuse("a communicator is used before it is ready");
  if (communicator->aborted) return refuse("a communicator is used after it was aborted");
  return ncclSuccess;
}

ncclResult_t hand_over() {
  const std::vector<Call> group = std::move(calls);
  calls.clear();
  if (group.empty()) return ncclSuccess;
  const ncclResult_t checked = check(group);
  if (checked != ncclSuccess) return checked;
  ncclComm& own = *group.front().communicator;
  ++own.groups;
  if (number_from("STANDIN_NCCL_ERROR_RANK", -1) == settings().rank &&
      own.groups > number_from("STANDIN_NCCL_ERROR_AFTER", 0)) {
    break_down(&own, ncclRemoteError, "the network to a peer is gone");
    return ncclInProgress;
  }
  for (const Call& call : group) note_connection(own, call);
  own.state = ncclInProgress;
  if (own.helper.joinable()) own.helper.join();
  own.helper = std::thread([group] {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    enqueue(group.front().stream, Kind::kOther, [group] { in_stream(group); });
    int expected = ncclInProgress;
    group.front().communicator->state.compare_exchange_strong(expected, ncclSuccess);
  });
  return ncclInProgress;
}

ncclResult_t add(const Call& call) {
  if (call.bytes == 0) return ncclSuccess;
  calls.push_back(call);
  return open_groups > 0 ? ncclSuccess : hand_over();
}

// So much later that no stream is in it any more; streams of an aborted communicator leave by themselves.
void end_helper(ncclComm_t communicator) {
  if (communicator->helper.joinable()) communicator->helper.join();
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  const long which = number_from("STANDIN_NCCL_VERSION_RANK", -1);
  const bool other = which < 0 || which == settings().rank;
  *version =
      static_cast<int>(other ? number_from("STANDIN_NCCL_VERSION", NCCL_VERSION_CODE) : NCCL_VERSION_CODE);
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclInvalidUsage:
      return "invalid usage";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclInProgress:
      return "NCCL operation in progress";
    default:
      return "an error of the stand-in";
  }
}
const char* ncclGetLastError(ncclComm_t) {
  return last_words.c_str();
}
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static std::atomic<int> made{0};
  if (number_from("STANDIN_NCCL_BROKEN", 0) != 0) {
    last_words = "no network device was found";
    return ncclSystemError;
  }
  memset(id, 0, sizeof(*id));
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  snprintf(id->internal, sizeof(id->internal), "/dev/shm/interlock-standin.%d.%d.%lld", getpid(), made++,
           static_cast<long long>(now));
  return ncclSuccess;
}
ncclResult_t ncclCommInitRankConfig(ncclComm_t* made, int size, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  if (config->blocking != 0) return refuse("the stand-in's communicators are non-blocking");
  if (size > kMostRanks) return refuse("more ranks than the stand-in's communicators have");
  auto* const own = new ncclComm;  // never freed: an aborted one's stream may still be in it
  own->rank = rank;
  own->size = size;
  *made = own;
  if (number_from("STANDIN_NCCL_ABSENT_RANK", -1) == settings().rank) return ncclInProgress;
  int gpu = 0;
  (void)cudaGetDevice(&gpu);
  // CUDA_VISIBLE_DEVICES numbers them anew for each process.
  if (const char* const visible = getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr && gpu == 0)
    gpu = atoi(visible);
  own->helper = std::thread([own, id, size, gpu] {
    own->shared = open_shared(id.internal);
    own->shared->gpus[own->rank] = 1 + gpu;
    ++own->shared->joined;
    const bool all_came = wait_until(own, [&] { return own->shared->joined >= size; });
    unlink(id.internal);
    if (!all_came) return;
    const char* const sharing = getenv("NCCL_MULTI_RANK_GPU_ENABLE");
    for (int other = 0; other < size && sharing == nullptr; ++other) {
      if (other != own->rank && own->shared->gpus[other] == 1 + gpu)
        return break_down(own, ncclInvalidUsage, "two ranks of a communicator have one GPU");
    }
    own->state = ncclSuccess;
  });
  return ncclInProgress;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t communicator, ncclResult_t* result) {
  *result = static_cast<ncclResult_t>(communicator->state.load());
  return ncclSuccess;
}
ncclResult_t ncclGroupStart() {
  ++open_groups;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  if (open_groups == 0) return refuse("a group ends that did not begin");
  return --open_groups > 0 ? ncclSuccess : hand_over();
}
ncclResult_t ncclSend(const void* from, std::size_t count, ncclDataType_t type, int peer,
                      ncclComm_t communicator, cudaStream_t stream) {
  return add({Call::Kind::kSend, communicator, static_cast<const char*>(from), nullptr, count * width(type),
              type, peer, stream});
}
ncclResult_t ncclRecv(void* to, std::size_t count, ncclDataType_t type, int peer, ncclComm_t communicator,
                      cudaStream_t stream) {
  return add({Call::Kind::kReceive, communicator, nullptr, static_cast<char*>(to), count * width(type), type,
              peer, stream});
}
ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, ncclDataType_t type,
                           ncclRedOp_t operation, ncclComm_t communicator, cudaStream_t stream) {
  if (type != ncclFloat32 || operation != ncclSum) return refuse("the stand-in adds float32 only");
  return add({Call::Kind::kSum, communicator, static_cast<const char*>(from), static_cast<char*>(to),
              count * width(type), type, 0, stream});
}
ncclResult_t ncclCommAbort(ncclComm_t communicator) {
  communicator->aborted = true;
  end_helper(communicator);
  return ncclSuccess;
}
ncclResult_t ncclCommFinalize(ncclComm_t communicator) {
  end_helper(communicator);
  communicator->state = ncclInProgress;
  communicator->helper = std::thread([communicator] {
    ++communicator->shared->left;
    if (wait_until(communicator, [&] { return communicator->shared->left >= communicator->size; }))
      communicator->state = ncclSuccess;
  });
  return ncclInProgress;
}
ncclResult_t ncclCommDestroy(ncclComm_t communicator) {
  end_helper(communicator);
  communicator->aborted = true;  // whoever uses it now breaks a rule
  return ncclSuccess;
}

}  // extern "C"
