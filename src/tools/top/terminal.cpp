#include "tools/top/terminal.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace interlock::tools {
namespace {

constexpr const char* kEnter = "\033[?1049h\033[?25l";
constexpr const char* kLeave = "\033[?25h\033[?1049l";
constexpr const char* kHome = "\033[H";
constexpr const char* kRestOfLine = "\033[K";
constexpr const char* kRestOfScreen = "\033[J";

volatile std::sig_atomic_t leaves = 0;

void on_signal(int) {
  leaves = 1;
}

void on_resize(int) {}  // it ends poll(), which is all that is wanted

void catch_signal(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(number, &action, nullptr);
}

const char* style_of(LineKind kind) {
  switch (kind) {
    case LineKind::kHeading:
      return "\033[1m";
    case LineKind::kWarning:
      return "\033[33m";
    case LineKind::kFaint:
      return "\033[2m";
    case LineKind::kPlain:
      break;
  }
  return "";
}

void print(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
}

}  // namespace

Terminal::Terminal() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) catch_signal(number, on_signal);
  catch_signal(SIGWINCH, on_resize);
  has_keys_ = tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keys_) {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // in the background it would leave the terminal like this
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  print(kEnter);
}

Terminal::~Terminal() {
  print(kLeave);
  if (has_keys_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

void Terminal::show(const std::vector<Line>& lines) {
  const std::size_t rows = terminal_size().rows;
  std::string screen = kHome;
  for (std::size_t i = 0; i < lines.size() && i + 1 < rows; ++i) {
    const std::string style = style_of(lines[i].kind);
    screen += style + lines[i].text + (style.empty() ? "" : "\033[0m") + kRestOfLine + "\r\n";
  }
  print(screen + "\033[2mq quits\033[0m" + kRestOfLine + kRestOfScreen);
}

bool Terminal::wait(double seconds) {
  pollfd keys{STDIN_FILENO, POLLIN, 0};
  if (poll(&keys, has_keys_ ? 1 : 0, static_cast<int>(1000 * seconds)) > 0) {
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1) return false;  // the terminal is gone
    if (key == 'q' || key == 'Q') return false;
  }
  return leaves == 0;
}

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) != 0;
}

TerminalSize terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace interlock::tools
