#include "common/activity.h"

#include <new>
#include <unistd.h>

#include "common/clock.h"

namespace interlock {
namespace {

struct Record {
  std::atomic<std::int32_t> pid{0};
  std::atomic<Phase> phase{Phase::kStarting};
  std::atomic<std::int32_t> action{kNothing}, micro_batch{kNothing}, loss{kNothing};
  std::atomic<std::int32_t> peer{kNothing}, tag{kNothing}, signal{0};
  std::atomic<std::int64_t> step{0}, saving_step{kNothing};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<double> since{0}, saving_since{0};
};
static_assert(sizeof(Record) <= kActivityBytes);
static_assert(std::atomic<double>::is_always_lock_free && std::atomic<Phase>::is_always_lock_free,
              "the record is shared by processes");

Record first_record;
std::atomic<Record*> current{&first_record};

Record& record() {
  return *current.load(std::memory_order_acquire);
}

void changed(Record& own) {
  own.since = monotonic_seconds();
  own.changes.fetch_add(1);
}

// From atomics to plain fields or the other way; all but the process.
template <class To, class From>
void copy_fields(To& to, const From& from) {
  to.phase = from.phase;
  to.action = from.action;
  to.micro_batch = from.micro_batch;
  to.loss = from.loss;
  to.peer = from.peer;
  to.tag = from.tag;
  to.signal = from.signal;
  to.step = from.step;
  to.saving_step = from.saving_step;
  to.changes = from.changes;
  to.since = from.since;
  to.saving_since = from.saving_since;
}

Activity copy(const Record& from) {
  Activity to;
  copy_fields(to, from);
  to.pid = from.pid;
  return to;
}

}  // namespace

void note_phase(Phase phase, std::int64_t step) {
  Record& own = record();
  own.action = own.micro_batch = own.loss = own.peer = own.tag = kNothing;
  own.step = step;
  own.phase = phase;
  changed(own);
}

void note_action(int action, int micro_batch, int loss) {
  Record& own = record();
  own.action = action;
  own.micro_batch = micro_batch;
  own.loss = loss;
  changed(own);
}

void note_saving(std::int64_t step) {
  Record& own = record();
  own.saving_since = monotonic_seconds();
  own.saving_step = step;
  own.changes.fetch_add(1);
}

void note_saved() {
  Record& own = record();
  own.saving_step = kNothing;
  own.changes.fetch_add(1);
}

void note_signal(int signal) {
  record().signal = signal;
}

NoteWaiting::NoteWaiting(int peer, int tag) {
  Record& own = record();
  own.tag = tag;
  own.peer = peer;
  changed(own);
}

NoteWaiting::~NoteWaiting() {
  Record& own = record();
  own.peer = own.tag = kNothing;
  changed(own);
}

Activity own_activity() {
  Activity own = copy(record());
  own.pid = static_cast<std::int32_t>(getpid());
  return own;
}

void move_activity(void* memory) {
  Record* const next = memory == nullptr ? &first_record : new (memory) Record;
  copy_fields(*next, own_activity());
  next->pid = static_cast<std::int32_t>(getpid());
  current.store(next, std::memory_order_release);
}

Activity read_activity(const void* memory) {
  return copy(*static_cast<const Record*>(memory));
}

}  // namespace interlock
