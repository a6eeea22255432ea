#pragma once
// A finished drawing, and the two ways to use it: inside the page, whose style sheet colours it, or as a file
// of its own.

#include <string>

namespace interlock::report {

// Colours are classes: `s0`.. for runs, `t0`..`t15` from the first stage to the last, `h0`..`h9` for shares.
inline constexpr int kRunColours = 7;
inline constexpr int kStageColours = 16;
inline constexpr int kShareColours = 10;
std::string run_class(int run);  // "s2"; with a dash pattern of its own from the eighth run on
std::string stage_class(int stage, int stages);
std::string share_class(double share);

// The rules for these classes and for text, lines and paper; `dark` for a dark page.
std::string figure_style(bool dark);

struct Figure {
  std::string id;     // letters, digits, '-': a name for the file
  std::string title;  // plain text, as all that follows but `body`
  std::string note;   // what one must know to read it; may be ""
  double width = 0, height = 0;
  std::string body;         // SVG elements
  std::string attributes;   // of the <svg>: what the page's script needs
  std::string alternative;  // for who cannot see it
  bool wide = false;        // takes the whole width of the page

  [[nodiscard]] std::string in_page() const;     // <figure> with <svg>
  [[nodiscard]] std::string standalone() const;  // an SVG file with title and colours
};

}  // namespace interlock::report
