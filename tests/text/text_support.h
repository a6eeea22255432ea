#pragma once
// Real text for the tests that want it, and small helpers.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temp_folder.h"
#include "text/tokenizer.h"

namespace interlock::test {

// The shared data folder beside the repository; "" where there is none, as in a clone of the repository
// alone.
inline std::string shared_text() {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(__FILE__).parent_path() / "../../../shared/data/text";
  std::error_code ignored;
  return fs::exists(folder, ignored) ? fs::canonical(folder, ignored).string() : "";
}

// Runs `command` in the folder with $D for the shared data; false, with the reason, where data or tools are
// missing.
inline bool unpack(const TempFolder& folder, const std::string& command) {
  const std::string data = shared_text();
  if (data.empty()) {
    WARN("skipped: no shared data beside the repository");
    return false;
  }
  if (std::system(
          ("cd '" + folder.path() + "' && D='" + data + "' && " + command + " 2>/dev/null").c_str()) == 0) {
    return true;
  }
  WARN("skipped: cannot unpack the shared data (xz, tar)");
  return false;
}

inline std::vector<text::Token> encode(const text::Tokenizer& tokenizer, std::string_view text) {
  std::vector<text::Token> tokens;
  tokenizer.encode(text, tokens);
  return tokens;
}

// A few thousand lines of words that follow no language, the same every time.
inline std::string made_up_text(int lines) {
  static const char* const kSyllables[] = {"ka", "lo", "mi",  "ter", "sun", "ba",
                                           "ro", "ni", "vel", "do",  "sha", "pi"};
  std::string text;
  unsigned state = 1;
  const auto draw = [&](unsigned below) { return ((state = state * 1664525U + 1013904223U) >> 8U) % below; };
  for (int line = 0; line < lines; ++line) {
    const unsigned words = 3 + draw(9);
    for (unsigned word = 0; word < words; ++word) {
      if (word > 0) text += ' ';
      for (unsigned syllables = 1 + draw(3); syllables > 0; --syllables) text += kSyllables[draw(12)];
    }
    text += ".\n";
  }
  return text;
}

}  // namespace interlock::test
