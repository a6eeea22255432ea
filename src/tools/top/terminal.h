#pragma once
// A terminal that one program has to itself for a while: another screen, no cursor, keys as they are pressed.
//
// Owns the terminal's settings, which the destructor puts back, after Ctrl-C and SIGTERM as well: those only
// end wait(). One object at a time, one thread.

#include <cstddef>
#include <string>
#include <termios.h>
#include <vector>

#include "tools/top/frame.h"

namespace interlock::tools {

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void show(const std::vector<Line>& lines);
  // Until `seconds` have passed, the window has another size, or a key is pressed. False where the user wants
  // to leave: q, Ctrl-C, or a signal.
  bool wait(double seconds);

 private:
  termios before_{};
  bool has_keys_ = false;
};

struct TerminalSize {
  std::size_t columns = 200;  // of a file, or a pipe
  std::size_t rows = 1000;
};

bool output_is_terminal();
TerminalSize terminal_size();

}  // namespace interlock::tools
