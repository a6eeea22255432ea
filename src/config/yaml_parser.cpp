#include "config/yaml_parser.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/yaml_builder.h"

namespace interlock::config {
namespace {

bool tab_indents(const std::string& text, int line) {
  std::istringstream stream(text);
  std::string content;
  for (int i = 0; i <= line && std::getline(stream, content); ++i) {
    if (content.substr(0, content.find_first_not_of(" \t")).find('\t') != std::string::npos) return true;
  }
  return false;
}

// A message may quote a byte that stands in no text.
std::string in_ascii(std::string message) {
  std::replace_if(
      message.begin(), message.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return message;
}

// yaml-cpp says what it found; what to do about it is for those who did not read YAML's grammar.
std::string advice(const std::string& text, const YAML::Exception& error) {
  if (tab_indents(text, error.mark.line)) return "; indent with spaces, YAML takes no tabs";
  if (error.msg.find("end of sequence flow") != std::string::npos)
    return "; a [ has no ]; on a command line, quote the whole of key=value";
  if (error.msg.find("end of map flow") != std::string::npos)
    return "; a { has no }; on a command line, quote the whole of key=value";
  if (error.msg.find("illegal map value") != std::string::npos)
    return "; one key a line, and quotes around text that holds ': '";
  return "";
}

YamlNode parse(const std::string& text, YamlBuilder builder) {
  if (text.size() > kMaxYamlBytes) {
    fail(builder.start(), builder.key(),
         fmt::format("is {} bytes long; at most {} are read", text.size(), kMaxYamlBytes));
  }
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      builder.refuse_next_document();
      parser.HandleNextDocument(builder);
    }
  } catch (const YAML::Exception& error) {
    fail(builder.place(error.mark), builder.key(),
         fmt::format("not valid YAML: {}{}", in_ascii(error.msg), advice(text, error)));
  }
  return builder.take_root();
}

}  // namespace

YamlNode parse_yaml_file(const std::string& text, const std::string& source) {
  return parse(text, YamlBuilder({source, 0, 0}, ""));
}

YamlNode parse_yaml_override(const std::string& text, const std::string& key) {
  return parse(text, YamlBuilder({kCommandLine, 0, 0}, key));
}

}  // namespace interlock::config
