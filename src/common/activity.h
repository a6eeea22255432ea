#pragma once
// What this process is doing: a few words that its main thread writes as it goes and others read: its own
// watch thread, and, where comm has placed the record in memory shared by the ranks of a host, watchers of a
// process that can no longer answer (src/watch).
//
// Threads: note_*() from the main thread (note_saving() from the one that writes checkpoints, note_signal()
// from signal handlers); reading from any. Costs a few stores. A reader may see two fields of different
// moments.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace interlock {

enum class Phase : std::int32_t {
  kStarting,   // config, data, model
  kRestoring,  // reading a checkpoint
  kIdle,       // a worker without orders; the coordinator while workers work
  kTraining,
  kEvaluating,
  kSaving,  // the part of writing a checkpoint that training waits for
  kLeaving,
};

inline constexpr int kNothing = -1;

// A copy, free of atomics: fit for sending as bytes.
struct Activity {
  std::int32_t pid = 0;
  Phase phase = Phase::kStarting;
  std::int32_t action = kNothing;  // schedule::ActionKind
  std::int32_t micro_batch = kNothing;
  std::int32_t loss = kNothing;         // whose gradient, where the action has one
  std::int32_t peer = kNothing;         // rank whose message is waited for
  std::int32_t tag = kNothing;          // of that message (comm::Tag)
  std::int32_t signal = 0;              // the one it is dying of
  std::int64_t step = 0;                // of the batch, or of the checkpoint
  std::int64_t saving_step = kNothing;  // of the checkpoint that is written in the background
  std::uint64_t changes = 0;            // of any field: a number that grows while things go on
  double since = 0;                     // monotonic_seconds() of the last change but those of saving
  double saving_since = 0;
};

void note_phase(Phase phase, std::int64_t step = 0);  // forgets action and peer
void note_action(int action, int micro_batch, int loss);
void note_saving(std::int64_t step);
void note_saved();
void note_signal(int signal);

// Says for as long as it lives that a message is waited for.
class NoteWaiting {
 public:
  NoteWaiting(int peer, int tag);
  ~NoteWaiting();
  NoteWaiting(const NoteWaiting&) = delete;
  NoteWaiting& operator=(const NoteWaiting&) = delete;
};

Activity own_activity();

// Memory for one record, shared between processes: move_activity() goes on in it, from now on until the
// process ends or it is moved away again (null: to memory of the process's own); read_activity() reads
// another's.
inline constexpr std::size_t kActivityBytes = 128;
void move_activity(void* memory);
Activity read_activity(const void* memory);

}  // namespace interlock
